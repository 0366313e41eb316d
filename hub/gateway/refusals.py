"""The log of what the door did not take: each kind of problem of each caller at once, then once a minute."""

from __future__ import annotations

import asyncio
import time

from hub.logs import log
from hub.process.rhythm import Line, Rhythm

PROBLEM = "hub.problem"
"""Where the code of the problem stands in the scope of a request."""
_STEP_S = 1.0
_NAMED = frozenset(("events", "messages", "receipts", "dossiers", "explanations", "documents"))


class CallLog:
    """One per gateway; `step` is its side task."""

    def __init__(self) -> None:
        self._kinds: Rhythm[tuple[str, str], str] = Rhythm()

    def add(self, participant: str, code: str, method: str, path: str) -> None:
        """Count a refused call; of its path only what the hub has named."""
        name = path.removeprefix("/v1/").partition("/")[0]
        place = f"{method} {name if name in _NAMED else 'another address'}"
        line = self._kinds.add((participant, code), 1, place, time.monotonic())
        if line is not None:
            _tell(line)

    async def step(self) -> None:
        """Tell what went on, and rest."""
        for line in self._kinds.due(time.monotonic()):
            _tell(line)
        await asyncio.sleep(_STEP_S)


def _tell(line: Line[tuple[str, str], str]) -> None:
    participant, code = line.key
    log("call_refused", participant=participant, code=code, count=line.count, call=line.example)
