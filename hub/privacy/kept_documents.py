"""Which stored documents stay: those that a dossier names; others go with an erasure or with their time."""

from __future__ import annotations

from datetime import datetime

from hub.documents.reason import DocumentDamagedError, DocumentReason
from hub.documents.store import DocumentStore
from hub.facts.integrity import StoreKey
from hub.facts.trusted import erased
from hub.logs import log
from hub.postgres.database import Connection
from hub.signing.algorithms import COPY
from hub.signing.errors import VerificationError
from hub.signing.shape import MAX_BYTES, parse

_PAGE = 500
_FILE = f"{{{COPY}}}Sha256"
_UNREAD = "select distinct sha256 from document_use where not is_read limit $1"
_NAME_FILES = """
insert into document_use (sha256, dossier_id, is_read)
select file, u.dossier_id, true from document_use u, unnest($2::bytea[]) file where u.sha256 = $1
on conflict (sha256, dossier_id) do nothing
"""
_IS_READ = "update document_use set is_read = true where sha256 = $1 and dossier_id = any($2::uuid[])"
_NAMED_BY = "select array_agg(dossier_id) from document_use where sha256 = $1 and not is_read"
_ERASED = """
select u.sha256, u.dossier_id, exists (
    select from document_use o where o.sha256 = u.sha256 and o.dossier_id <> all($1::uuid[])
) as is_shared
from document_use u where u.dossier_id = any($1::uuid[]) and ($2::uuid is null or u.dossier_id = $2) limit $3
"""
_FORGET = "delete from document_use where sha256 = $1 and dossier_id = $2"
_DISOWN = "delete from document_owner where sha256 = $1"
_HUB = "select hub::text from document_store"
_UNNAMED = """
select d.sha256 from unnest($1::bytea[]) d(sha256)
where not exists (select from document_use u where u.sha256 = d.sha256)
"""


async def open_packages(connection: Connection, store: DocumentStore) -> None:
    """Note for each package that a dossier names which files it lists; a package that is gone lists none.

    Idempotent; raises DocumentsAwayError.
    """
    while rows := await connection.fetch(_UNREAD, _PAGE):
        for row in rows:
            dossiers = await connection.fetchval(_NAMED_BY, row["sha256"])
            files = await _files_of(store, row["sha256"].hex())
            async with connection.transaction():
                await connection.execute(_NAME_FILES, row["sha256"], files)
                await connection.execute(_IS_READ, row["sha256"], dossiers)


async def _files_of(store: DocumentStore, digest: str) -> list[bytes]:
    """Digests that a package lists. What is no package of the profile lists nothing: no rule took it."""
    try:
        package = await store.read(digest, MAX_BYTES)
        if isinstance(package, DocumentReason):
            return []
        return [bytes.fromhex(node.text or "") for node in parse(package).iter(_FILE)]
    except (VerificationError, ValueError):
        return []
    except DocumentDamagedError:
        log("document_damaged", sha256=digest)
        return []


async def remove_erased(
    connection: Connection, store: DocumentStore, key: StoreKey, dossier_id: str | None = None
) -> int:
    """Delete the documents of an erased dossier (None: of all) that no other dossier names; how many.

    Call it after the erasure is committed. Idempotent: what a crash or a silent store leaves, the next
    call deletes. Raises DocumentsAwayError.
    """
    await open_packages(connection, store)
    removed, gone = 0, await erased(connection, key)
    while rows := await connection.fetch(_ERASED, gone, dossier_id, _PAGE):
        for row in rows:
            if not row["is_shared"]:
                removed += await _remove(connection, store, row["sha256"])
            await connection.execute(_FORGET, row["sha256"], row["dossier_id"])
    return removed


async def remove_unnamed(connection: Connection, store: DocumentStore, before: datetime) -> int:
    """Delete documents uploaded before this moment that no dossier names; how many.

    None in a folder or bucket that another hub has used first: its documents are named in another database.
    Reads the names of all documents, so not for every minute. Raises DocumentsAwayError.
    """
    if not await store.belongs_to(await connection.fetchval(_HUB)):
        log("documents_of_another_hub")
        return 0
    await open_packages(connection, store)
    removed = 0
    async for digests in store.stored_before(before):
        for row in await connection.fetch(_UNNAMED, [bytes.fromhex(digest) for digest in digests]):
            removed += await _remove(connection, store, row["sha256"])
    return removed


async def _remove(connection: Connection, store: DocumentStore, sha256: bytes) -> bool:
    """Ownership goes first: an owned document that is not there counts as a store that is away."""
    await connection.execute(_DISOWN, sha256)
    return await store.remove(sha256.hex())
