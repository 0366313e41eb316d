"""What a participant shows at the gateway's door: drawn, bound, rotated with an overlap, expired."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from hub.facts.checked import CREDENTIAL, micros_in
from hub.facts.integrity import StoreKey
from hub.postgres.database import Connection

Kind = Literal["token", "certificate"]
OVERLAP = timedelta(hours=24)
"""How long what was shown before still opens the door after a rotation."""

_TOKEN_BYTES = 32
_STORE = """
insert into http_credential (fingerprint, kind, participant, mac) values ($1, $2, $3, $4)
on conflict (fingerprint) do update set kind = excluded.kind, expires_at = null, mac = excluded.mac
where http_credential.participant = excluded.participant
returning participant
"""
_BEFORE = f"""
select {CREDENTIAL.selected},
       {micros_in("least(coalesce(expires_at, 'infinity'), now() + $2::interval)")} as ends
from http_credential where participant = $1 and kind = $3 and fingerprint <> $4 for update
"""  # noqa: S608  no value stands in it
_EXPIRE = """
update http_credential
set expires_at = timestamptz 'epoch' + $2::text::bigint * interval '1 microsecond', mac = $3
where fingerprint = $1
"""


def fingerprint(shown: bytes) -> bytes:
    """What is stored of a token (its ASCII bytes) or of a certificate (DER): SHA-256."""
    return sha256(shown).digest()


async def issue_token(
    connection: Connection, key: StoreKey, participant: str, *, overlap: timedelta = OVERLAP
) -> str:
    """Draw a token of 256 bits; tokens from before end after `overlap`. Returned once, stored nowhere."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await _replace(connection, key, participant, "token", fingerprint(token.encode()), overlap)
    return token


async def bind_certificate(
    connection: Connection, key: StoreKey, participant: str, der: bytes, *, overlap: timedelta = OVERLAP
) -> bool:
    """Let a client certificate open the door; False when it is bound to another participant."""
    return await _replace(connection, key, participant, "certificate", fingerprint(der), overlap)


async def _replace(
    connection: Connection, key: StoreKey, participant: str, kind: Kind, shown: bytes, overlap: timedelta
) -> bool:
    check = CREDENTIAL.check(key, shown, kind, participant, None)
    if await connection.fetchval(_STORE, shown, kind, participant, check) is None:
        return False
    rows = await connection.fetch(_BEFORE, participant, overlap, kind, shown)
    for row in CREDENTIAL.genuine(rows, key):
        check = CREDENTIAL.check(key, row["fingerprint"], kind, participant, row["ends"])
        await connection.execute(_EXPIRE, row["fingerprint"], row["ends"], check)
    return True
