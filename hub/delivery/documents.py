"""Contents by their SHA-256 for the door of an adapter, out of the hub's store of documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.delivery.errors import FilesAwayError
from hub.documents.reason import DocumentReason, DocumentsAwayError
from hub.documents.store import DocumentStore, documents
from hub.errors import StartupError
from hub.settings.documents import DocumentsSettings


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A content to be read once: `chunks` yields its `size` bytes, the last only when they are right."""

    size: int
    media_type: str
    chunks: AsyncIterator[bytes]


class StoredFiles:
    """Opens contents of a store; changes nothing."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def open_file(self, sha256: str) -> OpenFile | None:
        """Return the content; None when it is not stored. Raises FilesAwayError."""
        try:
            found = await self._store.look(sha256)
        except DocumentsAwayError as error:
            raise FilesAwayError(str(error)) from error
        if isinstance(found, DocumentReason):
            return None
        return OpenFile(found.size, found.media_type, self._store.get(sha256))


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    documents: DocumentsSettings = DocumentsSettings()


def stored_files() -> StoredFiles:
    """Open the store that `HUB_DOCUMENTS__*` name, as the hub does; raises StartupError."""
    try:
        return StoredFiles(documents(_Settings().documents))
    except DocumentsAwayError as error:
        raise StartupError(str(error)) from error
