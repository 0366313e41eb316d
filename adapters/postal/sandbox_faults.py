"""Scripted faults of the sandbox: which call goes wrong, how, and whether its effect happens all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Kind = Literal[
    "expired_token", "http_500", "no_body", "html_page", "bad_json", "throttled", "timeout_after_effect",
    "lost_after_effect", "slow_drip", "status_not_ok", "duplicate_order", "repeat_page",
]  # fmt: skip

_HAPPENS_ANYWAY: Final = frozenset({"timeout_after_effect", "lost_after_effect", "slow_drip", "repeat_page"})


@dataclass(slots=True)
class Fault:
    """One script: `times` calls of `operation` (of `order` when named) go wrong in the way of `kind`."""

    operation: str
    kind: Kind
    times: int
    order: str | None
    has_effect: bool
    http_status: int
    status: int
    message: str
    delay_s: float


def read_fault(script: dict[str, Any]) -> Fault:
    """A fault from its JSON: `operation` and `kind`, the rest with defaults; ValueError for a wrong kind."""
    kind = script["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"no such fault: {kind}")
    usual = {"no_body": 502, "throttled": 503, "http_500": 500}
    return Fault(
        operation=str(script["operation"]),
        kind=kind,
        times=int(script.get("times", 1)),
        order=script.get("order"),
        has_effect=bool(script.get("effect", kind in _HAPPENS_ANYWAY)),
        http_status=int(script.get("http_status", usual.get(kind, 200))),
        status=int(script.get("status", 101 if kind == "duplicate_order" else 199)),
        message=str(script.get("message", "Đơn hàng đã tồn tại" if kind == "duplicate_order" else "Lỗi")),
        delay_s=float(script.get("delay_s", 60.0)),
    )


class Faults:
    """The scripts that are still to be played, oldest first."""

    def __init__(self) -> None:
        self._scripts: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Play it on the next fitting calls."""
        self._scripts.append(fault)

    def clear(self) -> None:
        """Forget all."""
        self._scripts.clear()

    def take(self, operation: str, order: str | None) -> Fault | None:
        """The fault of this call, counted down."""
        for fault in self._scripts:
            if fault.operation == operation and fault.order in {None, order}:
                fault.times -= 1
                if fault.times <= 0:
                    self._scripts.remove(fault)
                return fault
        return None
