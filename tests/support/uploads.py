"""Test support: documents in the store as if participants had uploaded them over the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

from hub.documents.store import DocumentStore, StoredDocument
from hub.facts.checked import DOCUMENT_OWNER, HTTP_PARTICIPANT
from hub.facts.integrity import StoreKey
from hub.postgres.database import Connection

_LET_IN = """
insert into http_participant (name, is_documents_only, mac) values ($1, true, $2) on conflict do nothing
"""
_OWN = "insert into document_owner (participant, sha256, mac) values ($1, $2, $3) on conflict do nothing"


async def one(content: bytes) -> AsyncIterator[bytes]:
    """A body of one chunk."""
    yield content


async def upload(
    store: DocumentStore,
    database: Connection,
    key: StoreKey,
    content: bytes,
    media_type: str = "application/xml",
    *,
    by: tuple[str, ...],
) -> str:
    """Store a document that these participants have uploaded; returns its digest."""
    digest = sha256(content).hexdigest()
    assert isinstance(await store.put(digest, one(content), media_type), StoredDocument)
    for name in by:
        await database.execute(_LET_IN, name, HTTP_PARTICIPANT.check(key, name, True))
        owner = name, bytes.fromhex(digest)
        await database.execute(_OWN, *owner, DOCUMENT_OWNER.check(key, *owner))
    return digest
