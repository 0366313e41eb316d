"""Trip-wires for kill tests: the process ends itself by SIGKILL at a named place, only when told at start."""

from __future__ import annotations

import os
import signal
from typing import Literal

Point = Literal["before_commit", "after_commit", "before_publish", "after_publish", "after_mark"]

_armed: dict[str, int] = {}
_deadly_id: list[bytes] = []


def arm(specification: str | None) -> None:
    """Arm from `HUB_CRASH_AT`: `after_commit:3` (third pass) or `record:<ce_id>`; else nothing."""
    _armed.clear()
    _deadly_id.clear()
    if not specification:
        return
    name, _, argument = specification.partition(":")
    if name == "record":
        _deadly_id.append(argument.encode())
    else:
        _armed[name] = int(argument or "1")


def reached(point: Point) -> None:
    """Die here if this pass was asked for."""
    if point in _armed:
        _armed[point] -= 1
        if _armed[point] <= 0:
            _die()


def touches(headers: object) -> None:
    """Die if the record is the one that kills."""
    if not _deadly_id:
        return
    if isinstance(headers, list | tuple) and ("ce_id", _deadly_id[0]) in headers:
        _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
