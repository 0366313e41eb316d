"""Trip-wires for tests of faults: the process ends or stops itself at a named place, if told at start."""

from __future__ import annotations

import os
import signal
from typing import Literal

Point = Literal[
    "before_commit", "after_commit", "before_publish", "after_publish", "after_mark", "after_fire"
]

_armed: dict[str, int] = {}
_deadly_id: list[bytes] = []
_signal = [signal.SIGKILL]


def arm(specification: str | None) -> None:
    """Arm from `HUB_CRASH_AT`: `after_commit:3` (SIGKILL at the third pass) or `record:<ce_id>`.

    With `stop:` before it the process gets SIGSTOP instead, and goes on from there at SIGCONT.
    """
    _armed.clear()
    _deadly_id.clear()
    _signal[0] = signal.SIGKILL
    if not specification:
        return
    if specification.startswith("stop:"):
        _signal[0] = signal.SIGSTOP
        specification = specification.removeprefix("stop:")
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
            del _armed[point]
            _die()


def touches(headers: object) -> None:
    """Die if the record is the one that kills."""
    if not _deadly_id:
        return
    if isinstance(headers, list | tuple) and ("ce_id", _deadly_id[0]) in headers:
        _die()


def _die() -> None:
    os.kill(os.getpid(), _signal[0])
