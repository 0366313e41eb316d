"""The store of documents: an object per SHA-256, whole or not there at all.

An upload goes to a key of its own and gets its name only after size, type and digest were right. Memory is
bounded by the chunks, not by the document.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from hub.documents.media import ALLOWED, HEAD_BYTES, media_type_of
from hub.documents.reason import (
    DocumentDamagedError,
    DocumentMissingError,
    DocumentReason,
    DocumentsAwayError,
    DocumentsSettingError,
)
from hub.settings.documents import DocumentsSettings

CHUNK_BYTES = 1 << 20
_PART_BYTES = 5 << 20
"""The smallest part that S3 takes."""
_RETRIES, _RETRYING = 3, timedelta(seconds=10)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_OWNER = "owner"
_FRESH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of the store: SHA-256 in hex, bytes, media type by its first bytes."""

    digest: str
    size: int
    media_type: str


class _Refused(Exception):  # noqa: N818  (an outcome on its way out, not an error)
    def __init__(self, reason: DocumentReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class DocumentStore:
    """Documents in a folder or a bucket; safe for many tasks and processes at once."""

    def __init__(self, store: ObjectStore, max_bytes: int, folder: Path | None = None) -> None:
        """`folder`: where a local store lies, so that what is stored is also on its disk."""
        self._store = store
        self.max_bytes = max_bytes
        self._folder = folder

    async def put(
        self,
        digest: str,
        chunks: AsyncIterable[bytes],
        media_type: str,
        size: int | None = None,
        *,
        is_known: bool = False,
    ) -> StoredDocument | DocumentReason:
        """Store a document under its digest, or say why not and keep nothing; idempotent.

        `size`: the bytes announced, if they were. `is_known`: who sends it has done so before, so a document
        that is there is not written again; to others the time of the answer must not tell that it is there.
        An exception of `chunks` passes and nothing is kept. Raises DocumentsAwayError.
        """
        if not _DIGEST.fullmatch(digest):
            return DocumentReason.BAD_DIGEST
        if media_type not in ALLOWED:
            return DocumentReason.MEDIA_TYPE_NOT_ALLOWED
        if size is not None and size > self.max_bytes:
            return DocumentReason.TOO_LARGE
        checked = _Checked(chunks, digest, media_type, size, self.max_bytes)
        try:
            if is_known and await self._is_fresh(digest):
                async for _ in checked:
                    pass
            else:
                await self._write(checked, f"{_INCOMING}/{uuid.uuid4().hex}", _key(digest))
        except _Refused as refused:
            return refused.reason
        return StoredDocument(digest, checked.size, media_type)

    async def look(self, digest: str) -> StoredDocument | DocumentReason:
        """Size and media type of a stored document; raises DocumentsAwayError."""
        if not _DIGEST.fullmatch(digest):
            return DocumentReason.BAD_DIGEST
        with _answering():
            try:
                meta = await obstore.head_async(self._store, _key(digest))
                end = min(meta["size"], HEAD_BYTES)
                head = bytes(await obstore.get_range_async(self._store, _key(digest), start=0, end=end))
            except FileNotFoundError:
                return DocumentReason.MISSING
        return StoredDocument(digest, meta["size"], media_type_of(head) or "application/octet-stream")

    async def get(self, digest: str) -> AsyncIterator[bytes]:
        """The bytes in chunks; the last one only when the digest is right, so nobody gets a wrong whole.

        Raises DocumentMissingError before the first chunk, DocumentDamagedError, DocumentsAwayError.
        """
        if not _DIGEST.fullmatch(digest):
            raise DocumentMissingError("no such document")
        total, held = sha256(), b""
        with _answering():
            try:
                answer = await obstore.get_async(self._store, _key(digest))
            except FileNotFoundError:
                raise DocumentMissingError("no such document") from None
        async for chunk in _stream(answer):
            if held:
                yield held
            total.update(chunk)
            held = chunk
        if total.hexdigest() != digest:
            raise DocumentDamagedError(f"document {digest} is not what was stored")
        yield held

    async def read(self, digest: str, max_bytes: int) -> bytes | DocumentReason:
        """A small document whole; raises DocumentDamagedError and DocumentsAwayError."""
        found = await self.look(digest)
        if isinstance(found, DocumentReason):
            return found
        if found.size > max_bytes:
            return DocumentReason.TOO_LARGE
        return b"".join([chunk async for chunk in self.get(digest)])

    async def belongs_to(self, hub: str) -> bool:
        """Whether this store is that hub's; the first one that asks gets it. Raises DocumentsAwayError."""
        with _answering():
            with contextlib.suppress(AlreadyExistsError):
                await obstore.put_async(self._store, _OWNER, hub.encode(), mode="create")
            owner = await (await obstore.get_async(self._store, _OWNER)).bytes_async()
        return bytes(owner) == hub.encode()

    async def stored_before(self, before: datetime) -> AsyncIterator[list[str]]:
        """Digests of the documents that were uploaded before this moment and not again since, page by page.

        Raises DocumentsAwayError.
        """
        with _answering():
            async for page in self._store.list("objects/"):
                yield [
                    digest
                    for item in page
                    if item["last_modified"] < before
                    and _DIGEST.fullmatch(digest := item["path"].rpartition("/")[2])
                ]

    async def remove(self, digest: str) -> bool:
        """Delete a document; False when it was not there. Idempotent; raises DocumentsAwayError."""
        if not isinstance(await self.look(digest), StoredDocument):
            return False
        with _answering(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _key(digest))
        if self._folder is not None:
            await asyncio.to_thread(_flush, (self._folder / _key(digest)).parent)
        return True

    async def sweep(self, before: datetime) -> int:
        """Remove uploads that began before this moment and were never finished; returns how many."""
        with _answering():
            stale = [
                item["path"]
                async for page in self._store.list(f"{_INCOMING}/")
                for item in page
                if item["last_modified"] < before
            ]
            for path in stale:
                await obstore.delete_async(self._store, path)
        staged = await asyncio.to_thread(_staged, self._folder, before) if self._folder else 0
        return len(stale) + staged

    async def _is_fresh(self, digest: str) -> bool:
        """Whether it was stored a moment ago; an older one is written again, so that it counts as young."""
        with _answering():
            try:
                meta = await obstore.head_async(self._store, _key(digest))
            except FileNotFoundError:
                return False
        return meta["last_modified"] > datetime.now(UTC) - _FRESH

    async def _write(self, checked: _Checked, incoming: str, key: str) -> None:
        try:
            await self._upload(checked, incoming)
            with _answering():
                if self._folder is not None:
                    await asyncio.to_thread(_place, self._folder / incoming, self._folder / key)
                else:
                    await obstore.rename_async(self._store, incoming, key)
        except BaseException:
            await asyncio.shield(self._discard(incoming))
            raise

    async def _upload(self, checked: _Checked, incoming: str) -> None:
        """Not closing the writer leaves nothing behind it: its object comes to be by `close`."""
        writer = obstore.open_writer_async(self._store, incoming, buffer_size=_PART_BYTES, max_concurrency=2)
        async for chunk in checked:
            with _answering():
                await writer.write(chunk)
        with _answering():
            await writer.close()

    async def _discard(self, incoming: str) -> None:
        with contextlib.suppress(BaseError, OSError):
            await obstore.delete_async(self._store, incoming)


class _Checked:
    """Passes chunks on while they can still become the announced document; raises _Refused."""

    def __init__(
        self, chunks: AsyncIterable[bytes], digest: str, media_type: str, size: int | None, max_bytes: int
    ) -> None:
        self._chunks = chunks
        self._digest = digest
        self._media_type = media_type
        self._wanted = size
        self.max_bytes = max_bytes
        self.size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total, head = sha256(), b""
        async for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self.max_bytes:
                raise _Refused(DocumentReason.TOO_LARGE)
            if self._wanted is not None and self.size > self._wanted:
                raise _Refused(DocumentReason.SIZE_DIFFERS)
            total.update(chunk)
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
                if len(head) == HEAD_BYTES:
                    self._check_type(head)
            yield chunk
        self._check_end(total.hexdigest(), head)

    def _check_type(self, head: bytes) -> None:
        if media_type_of(head) != self._media_type:
            raise _Refused(DocumentReason.MEDIA_TYPE_DIFFERS)

    def _check_end(self, digest: str, head: bytes) -> None:
        if self.size == 0:
            raise _Refused(DocumentReason.EMPTY)
        if self._wanted is not None and self.size < self._wanted:
            raise _Refused(DocumentReason.CUT_OFF)
        if len(head) < HEAD_BYTES:
            self._check_type(head)
        if digest != self._digest:
            raise _Refused(DocumentReason.DIGEST_DIFFERS)


def documents(settings: DocumentsSettings) -> DocumentStore:
    """The store that the settings name; makes the local folder. Raises DocumentsSettingError."""
    try:
        if settings.url is not None:
            bucket = from_url(
                settings.url,
                client_options={"connect_timeout": "5s", "timeout": "60s"},
                retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRYING},
            )
            return DocumentStore(bucket, settings.max_bytes)
        folder = settings.folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DocumentStore(LocalStore(folder), settings.max_bytes, folder)
    except (BaseError, OSError, ValueError) as error:
        name = "HUB_DOCUMENTS__URL" if settings.url is not None else "HUB_DOCUMENTS__FOLDER"
        raise DocumentsSettingError(f"{name}: cannot be used ({type(error).__name__})") from error


def _key(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}"


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise DocumentsAwayError(
            f"the store of documents does not answer ({type(error).__name__})"
        ) from error


async def _stream(answer: obstore.GetResult) -> AsyncIterator[bytes]:
    with _answering():
        async for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


def _place(incoming: Path, final: Path) -> None:
    """Move a finished upload to its name so that it survives a power cut; the same file system."""
    _flush(incoming)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming.replace(final)
    _flush(final.parent)
    _flush(final.parent.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _staged(folder: Path, before: datetime) -> int:
    """Remove what a killed process left of unfinished uploads: the store does not list these files."""
    stale = [item for item in folder.glob(f"{_INCOMING}/*#*") if item.stat().st_mtime < before.timestamp()]
    for item in stale:
        item.unlink(missing_ok=True)
    return len(stale)
