"""How a sandbox answers: plainly, or in the way of a scripted fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.sandbox_kit.faults import Fault

_HTML: Final = "<html><head><title>Gateway</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
_DRIP_PAUSE_S: Final = 0.2
_CUT_AFTER: Final = 5


class CutResponse(Response):
    """Announces more bytes than it sends, then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        begun = bytes(self.body)[:_CUT_AFTER]
        await send({"type": "http.response.body", "body": begun, "more_body": False})


class SilentResponse(Response):
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


def dripped(body: bytes, media_type: str, status: int = 200) -> Response:
    """Byte by byte, slower than any caller waits."""

    async def drip() -> AsyncIterator[bytes]:
        for index in range(len(body)):
            yield body[index : index + 1]
            await asyncio.sleep(_DRIP_PAUSE_S)

    return StreamingResponse(drip(), status, media_type=media_type)


def page(status: int = 200) -> Response:
    """What a gateway in between shows when it is at its end."""
    return Response(_HTML, status, media_type="text/html")


def reply(fault: Fault | None, document: Any) -> Response:
    """The answer to a call whose effect gave `document`, or what the fault makes of it.

    A kind that is not known here changes nothing of the answer.
    """
    if fault is None:
        return JSONResponse(document)
    encoded = json.dumps(document, ensure_ascii=False).encode()
    match fault.kind:
        case "timeout_after_effect":
            return SilentResponse(fault.delay_s)
        case "lost_after_effect":
            return CutResponse(encoded)
        case "slow_drip":
            return dripped(encoded, "application/json")
        case "no_body":
            return Response(status_code=fault.http_status)
        case "html_page":
            return page(fault.http_status)
        case "bad_json":
            return Response(encoded[:-1] or b"{", fault.http_status, media_type="application/json")
        case "throttled":
            return Response(status_code=fault.http_status, headers={"Retry-After": "7"})
        case "http_500":
            return JSONResponse({"error": "internal"}, fault.http_status)
        case _:
            return JSONResponse(document)


def object_in(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a call's body; None when it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
