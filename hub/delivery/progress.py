"""When each loop last got on: what liveness and readiness are told from."""

from __future__ import annotations

from typing import Literal

Part = Literal["workers", "publisher", "database", "kafka"]
"""`workers` and `publisher` stop with a stuck loop, `database` and `kafka` with a server that is away."""


class Progress:
    """Ages in seconds since a part last got on; `now` is monotonic."""

    def __init__(self) -> None:
        self._marks: dict[Part, float] = {}

    def mark(self, part: Part, now: float) -> None:
        """Note that `part` has just got on."""
        self._marks[part] = now

    def ages_s(self, now: float) -> dict[Part, float]:
        """Return the age of each part that has ever got on."""
        return {part: now - at for part, at in self._marks.items()}
