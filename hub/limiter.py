"""Brakes: a participant that sends garbage is paused, and an engine whose rules fail too often stops."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable

from hub.batch import BatchDecision
from hub.errors import StopError
from hub.intake import Intake
from hub.job import State
from hub.logs import log

_WINDOW_S = 60.0
_PAUSE_S = 5.0


class Limiter:
    """Watches committed batches."""

    def __init__(self, malformed_limit: int, parked_limit: int, topic_prefix: str) -> None:
        self._topic_prefix = topic_prefix
        self._malformed_limit = malformed_limit
        self._parked_limit = parked_limit
        self._malformed: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._parked: set[str] = set()
        self._buried = 0

    def remember(self, parked: Iterable[str]) -> None:
        """These dossiers are parked by bugs now: a restart does not give a broken rule a new allowance."""
        self._parked = set(parked)

    def watch(self, decision: BatchDecision[State], intake: Intake) -> None:
        """Pause participants over their limit; `StopError` when too many distinct dossiers hit a bug."""
        new = {item.dossier_id for item in decision.parked if item.reason.startswith("bug.")}
        self._parked |= new
        for request_type, error in decision.bugs:
            log("rule_failed", type=request_type, error=error)
        if new and len(self._parked) > self._parked_limit:
            raise StopError(
                f"rules failed for {len(self._parked)} dossiers; the engine stops (HUB_ENGINE__PARKED_LIMIT)"
            )
        self._buried += sum(letter.reason == "poison.crash" for letter in decision.dead_letters)
        if self._buried > self._parked_limit:
            raise StopError(
                f"{self._buried} records could not be processed; the engine stops (HUB_ENGINE__PARKED_LIMIT)"
            )
        for (owner, _), count in decision.tally.malformed.items():
            if self._over(owner, count):
                intake.set_aside(f"{self._topic_prefix}in.{owner}", time.monotonic() + _PAUSE_S)
                log("participant_paused", participant=owner, seconds=_PAUSE_S)

    def _over(self, owner: str, count: int) -> bool:
        now = time.monotonic()
        window = self._malformed[owner]
        window.append((now, count))
        while window and window[0][0] < now - _WINDOW_S:
            window.popleft()
        return sum(number for _, number in window) > self._malformed_limit
