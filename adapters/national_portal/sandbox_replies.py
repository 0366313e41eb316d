"""How the portal's sandbox answers: as every sandbox does, or in the ways of the portal alone."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from adapters.sandbox_kit import replies
from adapters.sandbox_kit.faults import Fault


def reply(fault: Fault | None, document: dict[str, Any]) -> Response:
    """The answer to a call whose effect gave `document`, or what the fault makes of it."""
    match fault.kind if fault is not None else None:
        case "not_json":
            return Response('{"error_code":0,', media_type="application/json")
        case "missing_result":
            return JSONResponse({name: value for name, value in document.items() if name != "result"})
        case "no_error_code":
            return JSONResponse({"message": "ok"})
        case _:
            return replies.reply(fault, document)
