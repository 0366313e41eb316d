"""Pure: outcomes as the JSON that is kept with the delivery, and back."""

from __future__ import annotations

import json
from typing import Any, assert_never

from hub.delivery.outcome import Delivered, NotFound, QueryOutcome, Rejected, RetryAt, Unknown

_MAX_WHY = 500


def outcome_text(outcome: QueryOutcome) -> str:
    """Return the JSON of an outcome; NUL and half pairs, which jsonb cannot keep, are replaced."""
    match outcome:
        case Delivered(answer, is_called):
            stored: dict[str, Any] = {"kind": "delivered", "answer": dict(answer)}
            stored |= {} if is_called else {"is_called": False}
        case Rejected(code, reason_vi, reason_en):
            stored = {"kind": "rejected", "code": code, "reason_vi": reason_vi, "reason_en": reason_en}
        case Unknown(why):
            stored = {"kind": "unknown", "why": why[:_MAX_WHY]}
        case RetryAt(delay_s, why, is_called=is_called):
            stored = {"kind": "retry", "delay_s": delay_s, "why": why[:_MAX_WHY]}
            stored |= {} if is_called else {"is_called": False}
        case NotFound():
            stored = {"kind": "not_found"}
        case _ as never:
            assert_never(never)
    text = json.dumps(stored, ensure_ascii=False, default=str).encode(errors="replace").decode()
    return text.replace("\\u0000", "\\ufffd")


def read_outcome(text: str) -> QueryOutcome:
    """Return the outcome that `outcome_text` wrote; `ValueError` for anything else."""
    stored = _read(text)
    match stored["kind"]:
        case "delivered":
            return Delivered(stored["answer"], stored.get("is_called", True))
        case "rejected":
            return Rejected(stored["code"], stored["reason_vi"], stored["reason_en"])
        case "unknown":
            return Unknown(stored["why"])
        case "retry":
            return RetryAt(stored["delay_s"], stored["why"], is_called=stored.get("is_called", True))
        case "not_found":
            return NotFound()
        case kind:
            raise ValueError(f"no outcome: {kind}")


def short_outcome(text: str | None) -> str:
    """A stored outcome in two words: its kind, and the counterpart's code or the cause; no contents.

    `altered` for what the runtime has not written.
    """
    if text is None:
        return ""
    try:
        stored = _read(text)
        kind, detail = stored["kind"], stored.get("code") or stored.get("why")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "altered"
    return f"{kind}: {detail}" if detail else str(kind)


def _read(text: str) -> Any:
    """Whatever JSON it is; `ValueError` for none, also for lists without bottom."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
