"""Scripted faults of a sandbox: which call goes wrong, how, and whether its effect happens all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_USUAL_STATUS: Final = {"no_body": 502, "throttled": 503, "http_500": 500}


@dataclass(frozen=True, slots=True)
class FaultKinds:
    """What may go wrong at a sandbox, and the kinds whose effect happens all the same.

    `target` is the field of a script that names one effect (an order, a dossier).
    """

    kinds: frozenset[str]
    happens_anyway: frozenset[str]
    target: str


@dataclass(slots=True)
class Fault:
    """One script: `times` calls of `operation` (about `target` when named) go wrong in the way of `kind`."""

    operation: str
    kind: str
    times: int
    target: str | None
    has_effect: bool
    http_status: int
    delay_s: float
    own: Mapping[str, Any]
    """All fields of the script, for what one sandbox alone understands."""


class Faults:
    """The scripts that are still to be played, oldest first."""

    def __init__(self, kinds: FaultKinds) -> None:
        self._kinds = kinds
        self._scripts: list[Fault] = []

    def read(self, script: Mapping[str, Any]) -> Fault:
        """A fault from its JSON, the rest with defaults; KeyError or ValueError for what is none."""
        kind = script["kind"]
        if kind not in self._kinds.kinds:
            raise ValueError(f"no such fault: {kind}")
        return Fault(
            operation=str(script["operation"]),
            kind=kind,
            times=int(script.get("times", 1)),
            target=script.get(self._kinds.target),
            has_effect=bool(script.get("effect", kind in self._kinds.happens_anyway)),
            http_status=int(script.get("http_status", _USUAL_STATUS.get(kind, 200))),
            delay_s=float(script.get("delay_s", 60.0)),
            own=script,
        )

    def take(self, operation: str, target: str | None) -> Fault | None:
        """The fault of this call, counted down."""
        for fault in self._scripts:
            if fault.operation == operation and fault.target in {None, target}:
                fault.times -= 1
                if fault.times <= 0:
                    self._scripts.remove(fault)
                return fault
        return None

    def route(self) -> Route:
        """`/_faults`: POST one script or a list, DELETE forgets all."""
        return Route("/_faults", self._direct, methods=["POST", "DELETE"])

    async def _direct(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._scripts.clear()
            return Response(status_code=204)
        try:
            body = await request.json()
            read = [self.read(script) for script in (body if isinstance(body, list) else [body])]
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        self._scripts.extend(read)
        return JSONResponse({"added": len(read)})
