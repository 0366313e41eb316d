"""Serves files by link; whatever holds the contents is behind a small protocol."""

from __future__ import annotations

from typing import Protocol

from starlette.responses import Response, StreamingResponse

from adapters.national_portal.mapping import file_ending
from hub.delivery.documents import OpenFile


class DocumentReader(Protocol):
    """Whatever holds contents by their SHA-256; `hub.delivery.documents.StoredFiles` in a hub."""

    async def open_file(self, sha256: str) -> OpenFile | None:
        """The content; None when it is not held. Raises FilesAwayError."""
        ...


def file_response(file: OpenFile, sha256: str) -> Response:
    """The bytes as an attachment, streamed; nothing may cache or interpret them."""
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{sha256[:16]}.{file_ending(file.media_type)}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(file.chunks, media_type=file.media_type, headers=headers)
