"""POST and GET /v1/documents: scans by their SHA-256, as streams; who may see which."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.documents.reason import DocumentReason
from hub.documents.rights import DocumentRights
from hub.documents.store import StoredDocument
from hub.facts.checked import DOCUMENT_OWNER
from hub.gateway.bodies import check_plain
from hub.gateway.callers import Caller
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.problems import ProblemError
from hub.identifiers import is_uuid
from hub.inbound.attributes import media_type

_OWN = """
insert into document_owner (participant, sha256, mac) values ($1, $2, $3)
on conflict (participant, sha256) do update set mac = excluded.mac
where document_owner.mac is distinct from excluded.mac
returning xmax = 0
"""
_IS_OWN = "select true from document_owner where participant = $1 and sha256 = $2 and mac = $3"


async def upload(parts: GatewayContext, request: Request, caller: str, sha256: str) -> Response:
    """Store what comes; 201 for the first time, 200 when this participant has uploaded it before."""
    check_plain(request.headers.getlist("content-encoding"))
    kind = media_type(request.headers.get("content-type", ""))
    announced = request.headers.get("content-length")
    size = int(announced) if announced is not None else None
    digest = bytes.fromhex(sha256)
    owner = caller, digest, DOCUMENT_OWNER.check(parts.key, caller, digest)
    is_known = bool(await parts.pool.fetchval(_IS_OWN, *owner))
    async with parts.budget.upload(caller, parts.store.max_bytes if size is None else size) as counted:
        stored = await parts.store.put(sha256, request.stream(), kind, size, is_known=is_known)
        if isinstance(stored, DocumentReason):
            raise ProblemError(stored.code)
        counted.stored(stored.size)
    is_new = await parts.pool.fetchval(_OWN, *owner)
    parts.metrics.documents.labels(caller, "stored").inc()
    body = {"sha256": stored.digest, "bytes": stored.size, "media_type": stored.media_type}
    location = f"/v1/documents/{sha256}"
    return Response(
        orjson.dumps(body), 201 if is_new else 200, {"location": location}, media_type="application/json"
    )


async def download(parts: GatewayContext, request: Request, sha256: str, dossier: str | None) -> Response:
    """What this participant uploaded, or what a fact of `dossier` named to it; else 404 alike.

    Always whole: only the whole can be held against its digest, so a `Range` is passed over.
    """
    caller = caller_of(request)
    if not await _may_see(parts, caller, sha256, dossier):
        raise ProblemError("document.unknown")
    found = await parts.store.look(sha256)
    if not isinstance(found, StoredDocument):
        raise ProblemError("document.unknown")
    await request.body()  # one that never comes is refused now, and not in the midst of the answer
    headers = {
        "accept-ranges": "none",
        "content-length": str(found.size),
        "content-disposition": "attachment",
        "etag": f'"{sha256}"',
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type=found.media_type)
    parts.metrics.documents.labels(caller.name, "read").inc()
    return StreamingResponse(parts.store.get(sha256), headers=headers, media_type=found.media_type)


async def _may_see(parts: GatewayContext, caller: Caller, sha256: str, dossier: str | None) -> bool:
    named = dossier if dossier is not None and is_uuid(dossier) else None
    return not await DocumentRights(parts.pool, parts.store, parts.key, caller.sender, named).lacking(
        [sha256]
    )
