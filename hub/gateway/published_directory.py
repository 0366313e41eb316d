"""GET /v1/directory: what participants may name today, in short, and one procedure in full, with ETags."""

from __future__ import annotations

from hashlib import sha256

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from hub.gateway.context import GatewayContext
from hub.gateway.problems import ProblemError


async def listing(parts: GatewayContext, request: Request) -> Response:
    """Versions of the law, and every procedure and organisation in short."""
    return _answer(request, (await parts.directory.edition()).listing())


async def procedure(parts: GatewayContext, request: Request, code: str) -> Response:
    """One procedure in force; 404 for any other."""
    found = (await parts.directory.edition()).find(code)
    if found is None:
        raise ProblemError("directory.unknown", ("code",))
    return _answer(request, found)


def _answer(request: Request, shown: BaseModel) -> Response:
    body = orjson.dumps(shown.model_dump(mode="json", exclude_none=True))
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    asked = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if asked & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
