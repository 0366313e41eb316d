"""How the sandbox answers: plainly, or in the way of a scripted fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.postal.sandbox_faults import Fault

_HTML: Final = "<html><head><title>Gateway</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
_DRIP_PAUSE_S: Final = 0.2


class _LostResponse(Response):
    """Announces more bytes than it sends, then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"Sta', "more_body": False})


class _SilentResponse(Response):
    """Says nothing until the caller has gone, at most for a while."""

    def __init__(self, limit_s: float) -> None:
        super().__init__()
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                while (await receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            await super().__call__(scope, receive, send)


async def _drip(body: bytes) -> AsyncIterator[bytes]:
    for index in range(len(body)):
        yield body[index : index + 1]
        await asyncio.sleep(_DRIP_PAUSE_S)


def reply(fault: Fault | None, document: dict[str, Any] | None) -> Response:
    """The answer to a call whose effect gave `document` (None: the effect was withheld by the fault)."""
    if fault is None or fault.kind == "repeat_page":
        return JSONResponse(document)
    match fault.kind:
        case "timeout_after_effect":
            return _SilentResponse(fault.delay_s)
        case "lost_after_effect":
            return _LostResponse()
        case "slow_drip":
            return StreamingResponse(_drip(json.dumps(document).encode()), media_type="application/json")
        case "no_body":
            return Response(status_code=fault.http_status)
        case "html_page":
            return Response(_HTML, fault.http_status, media_type="text/html")
        case "bad_json":
            return Response('{"Status": 1', fault.http_status, media_type="application/json")
        case "throttled":
            return Response(status_code=fault.http_status, headers={"Retry-After": "7"})
        case "status_not_ok" | "duplicate_order":
            return JSONResponse({"Status": fault.status, "Message": fault.message})
        case _:
            return JSONResponse({"error": "internal"}, fault.http_status)
