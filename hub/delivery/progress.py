"""When each loop last got on: what liveness and readiness are told from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

Part = Literal["workers", "publisher", "database", "kafka"]
"""`workers` and `publisher` stop with a stuck loop, `database` and `kafka` with a server that is away."""


class Progress:
    """Ages in seconds since a part last got on; `now` is monotonic."""

    def __init__(self) -> None:
        self._marks: dict[Part, float] = {}
        self._wait = ("", float("-inf"))
        self.is_door_closed = False
        """Of an adapter that is called: whether it does not listen yet, or no more."""
        self.failing: Callable[[], Sequence[str]] = list

    def mark(self, part: Part, now: float) -> None:
        """Note that `part` has just got on."""
        self._marks[part] = now

    def wait(self, why: str, now: float) -> None:
        """Note that a loop is held up by the database, and why."""
        self._wait = (why, now)

    def waits_for(self, now: float, within_s: float) -> str | None:
        """Why a loop was held up within the last seconds, or None."""
        why, at = self._wait
        return why if now - at < within_s else None

    def ages_s(self, now: float) -> dict[Part, float]:
        """Return the age of each part that has ever got on."""
        return {part: now - at for part, at in self._marks.items()}

    def impaired(self) -> Sequence[str]:
        """What does not work although the process does."""
        return self.failing()
