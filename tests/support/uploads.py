"""Test support: documents in the store as if participants had uploaded them over the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

from hub.documents.store import DocumentStore, Stored
from hub.store.database import Connection

_LET_IN = """
insert into http_participant (name, is_documents_only) values ($1, true) on conflict do nothing
"""
_OWN = "insert into document_owner (participant, sha256) values ($1, $2) on conflict do nothing"


async def one(content: bytes) -> AsyncIterator[bytes]:
    """A body of one chunk."""
    yield content


async def upload(
    store: DocumentStore,
    database: Connection,
    content: bytes,
    media_type: str = "application/xml",
    *,
    by: tuple[str, ...],
) -> str:
    """Store a document that these participants have uploaded; returns its digest."""
    digest = sha256(content).hexdigest()
    assert isinstance(await store.put(digest, one(content), media_type), Stored)
    for name in by:
        await database.execute(_LET_IN, name)
        await database.execute(_OWN, name, bytes.fromhex(digest))
    return digest
