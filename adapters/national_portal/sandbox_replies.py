"""How the sandbox answers: plainly, or in the way of a scripted fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.national_portal.sandbox_faults import Fault

_HTML: Final = (
    "<html><head><title>XrdAdapter</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
)
_DRIP_PAUSE_S: Final = 0.2


class _LostResponse(Response):
    """Announces more bytes than it sends, then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"err', "more_body": False})


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


def reply(fault: Fault | None, document: dict[str, Any]) -> Response:
    """The answer to a call whose effect gave `document`, or what the fault makes of it."""
    match fault.kind if fault is not None else None:
        case "timeout_after_effect":
            assert fault is not None
            return _SilentResponse(fault.delay_s)
        case "lost_after_effect":
            return _LostResponse()
        case "slow_drip":
            return StreamingResponse(_drip(json.dumps(document).encode()), media_type="application/json")
        case "not_json":
            return Response('{"error_code":0,', media_type="application/json")
        case "html_page":
            return Response(_HTML, media_type="text/html")
        case "missing_result":
            return JSONResponse({name: value for name, value in document.items() if name != "result"})
        case "no_error_code":
            return JSONResponse({"message": "ok"})
        case "http_500" | "throttled":
            assert fault is not None
            headers = {"Retry-After": "7"} if fault.kind == "throttled" else None
            return Response(status_code=fault.http_status, headers=headers)
        case _:
            return JSONResponse(document)
