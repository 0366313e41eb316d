"""POST and GET /v1/documents: scans by their SHA-256, as streams; who may see which."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.documents.reason import DocumentReason
from hub.documents.store import Stored
from hub.gateway.bodies import check_plain
from hub.gateway.callers import Caller
from hub.gateway.cloud_events import media_type
from hub.gateway.naming import TRANSFER, TRANSFERRED, is_package, json_paths
from hub.gateway.packages import files_in
from hub.gateway.parts import Parts
from hub.gateway.problems import ProblemError
from hub.identifiers import is_uuid
from hub.signing.shape import MAX_BYTES

_OWN = """
insert into document_owner (participant, sha256) values ($1, $2)
on conflict (participant, sha256) do nothing returning true
"""
_IS_OWN = "select true from document_owner where participant = $1 and sha256 = $2"
_NAMED = """
with told as (
    select f.type, convert_from(f.bytes, 'UTF8')::jsonb as body from fact f
    where f.dossier_id = $2::uuid and f.type = any($3::text[])
)
select distinct path, jsonb_path_query(body -> 'data', path::jsonpath) #>> '{}' as digest
from told cross join lateral jsonb_array_elements_text($4::jsonb -> type) path
where body -> 'to' ? $1 or type = any($5::text[]) and exists (
    select from told transfer where transfer.type = $6 and transfer.body -> 'to' ? $1
)
"""
_PATHS = json_paths()
_PATHS_JSON = orjson.dumps(_PATHS).decode()
_READ = [*_PATHS, TRANSFER]


async def upload(parts: Parts, request: Request, caller: str, sha256: str) -> Response:
    """Store what comes; 201 for the first time, 200 when this participant has uploaded it before."""
    check_plain(request.headers.getlist("content-encoding"))
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


async def download(parts: Parts, caller: Caller, sha256: str, dossier: str | None) -> Response:
    """What this participant uploaded, or what a fact of `dossier` named to it; else 404 alike."""
    if not await _may_see(parts, caller, sha256, dossier):
        raise ProblemError("document.unknown")
    found = await parts.store.look(sha256)
    if not isinstance(found, Stored):
        raise ProblemError("document.unknown")
    parts.metrics.documents.labels(caller.name, "read").inc()
    headers = {
        "content-length": str(found.size),
        "content-disposition": "attachment",
        "etag": f'"{sha256}"',
    }
    return StreamingResponse(parts.store.get(sha256), headers=headers, media_type=found.media_type)


async def _may_see(parts: Parts, caller: Caller, sha256: str, dossier: str | None) -> bool:
    if await parts.pool.fetchval(_IS_OWN, caller.name, bytes.fromhex(sha256)):
        return True
    if dossier is None or not is_uuid(dossier):
        return False
    came_along = list(TRANSFERRED) if "agency" in caller.sender.roles else []
    named = await parts.pool.fetch(_NAMED, caller.name, dossier, _READ, _PATHS_JSON, came_along, TRANSFER)
    if any(row["digest"] == sha256 for row in named):
        return True
    for package in {row["digest"] for row in named if is_package(row["path"])}:
        content = await parts.store.read(package, MAX_BYTES)
        if not isinstance(content, DocumentReason) and sha256 in files_in(content):
            return True
    return False
