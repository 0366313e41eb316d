"""How the postal sandbox answers: as every sandbox does, or with a Status of its own."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from adapters.sandbox_kit import replies
from adapters.sandbox_kit.faults import Fault


def reply(fault: Fault | None, document: dict[str, Any] | None) -> Response:
    """The answer to a call whose effect gave `document` (None: the effect was withheld by the fault)."""
    if fault is None or fault.kind not in {"status_not_ok", "duplicate_order"}:
        return replies.reply(fault, document)
    is_known = fault.kind == "duplicate_order"
    status = int(fault.own.get("status", 101 if is_known else 199))
    message = str(fault.own.get("message", "Đơn hàng đã tồn tại" if is_known else "Lỗi"))
    return JSONResponse({"Status": status, "Message": message})
