"""Scripted faults of the sandbox: which call goes wrong, how, and whether its effect happens all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Kind = Literal[
    "timeout_after_effect", "lost_after_effect", "slow_drip", "expired_session", "exists", "forget_dossier",
    "not_json", "html_page", "missing_result", "no_error_code", "error", "http_500", "throttled",
]  # fmt: skip

_HAPPENS_ANYWAY: Final = frozenset(
    {"timeout_after_effect", "lost_after_effect", "slow_drip", "forget_dossier", "missing_result", "exists"}
)


@dataclass(slots=True)
class Fault:
    """One script: `times` calls of `operation` (about `dossier` when named) go wrong in the way of `kind`.

    `exists`: the dossier is there already, under `code` 3 or -3. `forget_dossier`: it is lost just before the
    call. `error`: the answer is `code` with `message`.
    """

    operation: str
    kind: Kind
    times: int
    dossier: str | None
    has_effect: bool
    http_status: int
    code: str
    message: str
    delay_s: float


def read_fault(script: dict[str, Any]) -> Fault:
    """A fault from its JSON: `operation` and `kind`, the rest with defaults; ValueError for a wrong kind."""
    kind = script["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"no such fault: {kind}")
    usual = {"throttled": 503, "http_500": 500}
    return Fault(
        operation=str(script["operation"]),
        kind=kind,
        times=int(script.get("times", 1)),
        dossier=script.get("dossier"),
        has_effect=bool(script.get("effect", kind in _HAPPENS_ANYWAY)),
        http_status=int(script.get("http_status", usual.get(kind, 200))),
        code=str(script.get("code", "3" if kind == "exists" else "-1")),
        message=str(script.get("message", "Lỗi hệ thống")),
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

    def take(self, operation: str, dossier: str | None) -> Fault | None:
        """The fault of this call, counted down."""
        for fault in self._scripts:
            if fault.operation == operation and fault.dossier in {None, dossier}:
                fault.times -= 1
                if fault.times <= 0:
                    self._scripts.remove(fault)
                return fault
        return None
