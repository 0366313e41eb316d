"""What a participant shows at the gateway's door: drawn, bound, rotated with an overlap, expired."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from hub.store.database import Connection

Kind = Literal["token", "certificate"]
OVERLAP = timedelta(hours=24)
"""How long what was shown before still opens the door after a rotation."""

_TOKEN_BYTES = 32
_STORE = """
insert into http_credential (fingerprint, kind, participant) values ($1, $2, $3)
on conflict (fingerprint) do update set expires_at = null
where http_credential.participant = excluded.participant
returning participant
"""
_EXPIRE = """
update http_credential set expires_at = least(coalesce(expires_at, 'infinity'), now() + $2::interval)
where participant = $1 and kind = $3 and fingerprint <> $4
"""


def fingerprint(shown: bytes) -> bytes:
    """What is stored of a token (its ASCII bytes) or of a certificate (DER): SHA-256."""
    return sha256(shown).digest()


async def issue_token(connection: Connection, participant: str, *, overlap: timedelta = OVERLAP) -> str:
    """Draw a token of 256 bits; tokens from before end after `overlap`. Returned once, stored nowhere."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await _replace(connection, participant, "token", fingerprint(token.encode()), overlap)
    return token


async def bind_certificate(
    connection: Connection, participant: str, der: bytes, *, overlap: timedelta = OVERLAP
) -> bool:
    """Let a client certificate open the door; False when it is bound to another participant."""
    return await _replace(connection, participant, "certificate", fingerprint(der), overlap)


async def _replace(
    connection: Connection, participant: str, kind: Kind, shown: bytes, overlap: timedelta
) -> bool:
    if await connection.fetchval(_STORE, shown, kind, participant) is None:
        return False
    await connection.execute(_EXPIRE, participant, overlap, kind, shown)
    return True
