"""POST and GET /v1/documents: scans by their SHA-256, as streams; who may see which."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.documents.reason import DocumentReason
from hub.documents.store import Stored
from hub.gateway.cloud_events import media_type
from hub.gateway.parts import Parts
from hub.gateway.problems import ProblemError
from hub.identifiers import is_uuid

_OWN = """
insert into document_owner (participant, sha256) values ($1, $2)
on conflict (participant, sha256) do nothing returning true
"""
_IS_OWN = "select true from document_owner where participant = $1 and sha256 = $2"
_WAS_SENT = """
select true from fact f
where f.dossier_id = $3::uuid and (convert_from(f.bytes, 'UTF8')::jsonb -> 'to') ? $1
  and position(encode($2, 'hex') in (convert_from(f.bytes, 'UTF8')::jsonb -> 'data')::text) > 0
limit 1
"""


async def upload(parts: Parts, request: Request, caller: str, sha256: str) -> Response:
    """Store what comes; 201 for the first time, 200 when this participant has uploaded it before."""
    kind = media_type(request.headers.get("content-type", ""))
    announced = request.headers.get("content-length")
    stored = await parts.store.put(
        sha256, request.stream(), kind, int(announced) if announced is not None else None
    )
    if isinstance(stored, DocumentReason):
        raise ProblemError(stored.code)
    is_new = await parts.pool.fetchval(_OWN, caller, bytes.fromhex(sha256))
    parts.metrics.documents.labels(caller, "stored").inc()
    body = {"sha256": stored.digest, "bytes": stored.size, "media_type": stored.media_type}
    location = f"/v1/documents/{sha256}"
    return Response(
        orjson.dumps(body), 201 if is_new else 200, {"location": location}, media_type="application/json"
    )


async def download(parts: Parts, caller: str, sha256: str, dossier: str | None) -> Response:
    """What this participant uploaded, or what a message about `dossier` named to it; else 404 alike."""
    if not await _may_see(parts, caller, bytes.fromhex(sha256), dossier):
        raise ProblemError("document.unknown")
    found = await parts.store.look(sha256)
    if not isinstance(found, Stored):
        raise ProblemError("document.unknown")
    parts.metrics.documents.labels(caller, "read").inc()
    headers = {
        "content-length": str(found.size),
        "content-disposition": "attachment",
        "etag": f'"{sha256}"',
    }
    return StreamingResponse(parts.store.get(sha256), headers=headers, media_type=found.media_type)


async def _may_see(parts: Parts, caller: str, digest: bytes, dossier: str | None) -> bool:
    if await parts.pool.fetchval(_IS_OWN, caller, digest):
        return True
    if dossier is None or not is_uuid(dossier):
        return False
    return bool(await parts.pool.fetchval(_WAS_SENT, caller, digest, dossier))
