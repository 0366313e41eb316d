"""Dossier codes from blocks leased per unit and day, so that acceptance waits for no counter (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import date, datetime

from hub.errors import RetryableError

FIRST_BLOCK, LARGEST_BLOCK = 20, 320
"""Codes a lease: each lease of a unit and day is twice the one before.

What is not used when the process ends or the day is over stays a documented gap.
"""


class CodesMissingError(RetryableError):
    """The batch needs `count` more codes of `unit` and `day`; lease them and decide again."""

    code = "codes_missing"

    def __init__(self, unit: str, day: date, count: int) -> None:
        super().__init__(f"no leased codes of {unit} on {day}")
        self.unit = unit
        self.day = day
        self.count = count


class CodeBlocks:
    """The leased serials of this process, by unit and day."""

    def __init__(self, compose: Callable[[str, date, int], str], day_of: Callable[[datetime], date]) -> None:
        self._compose = compose
        self._day_of = day_of
        self._serials: dict[tuple[str, date], deque[int]] = {}
        self._leased: dict[tuple[str, date], int] = {}
        self._taken: list[tuple[tuple[str, date], int]] = []

    def add(self, unit: str, day: date, first: int, count: int) -> None:
        """A lease of `count` serials from `first` on; blocks of earlier days are forgotten."""
        for old in [key for key in self._serials if key[0] == unit and key[1] < day]:
            del self._serials[old], self._leased[old]
        self._serials.setdefault((unit, day), deque()).extend(range(first, first + count))
        self._leased[(unit, day)] = count

    def peek(self, unit: str, now: datetime) -> str:
        """The next code; raises `CodesMissingError` when none is leased."""
        key = (unit, self._day_of(now))
        serials = self._serials.get(key)
        if not serials:
            count = min(2 * self._leased.get(key, FIRST_BLOCK // 2), LARGEST_BLOCK)
            raise CodesMissingError(*key, count)
        return self._compose(*key, serials[0])

    def take(self, unit: str, now: datetime) -> None:
        """The peeked code was given away."""
        key = (unit, self._day_of(now))
        self._taken.append((key, self._serials[key].popleft()))

    def keep(self) -> None:
        """What was taken so far stays taken: its batch goes to the store."""
        self._taken.clear()

    def take_back(self) -> None:
        """A batch is decided again from its first record: what it took since `keep` is free again."""
        for key, serial in reversed(self._taken):
            if key in self._serials:
                self._serials[key].appendleft(serial)
        self._taken.clear()
