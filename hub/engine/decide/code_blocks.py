"""Dossier codes from blocks leased per unit and day, so that acceptance waits for no counter (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from hub.engine.errors import CodesMissingError

FIRST_BLOCK, LARGEST_BLOCK = 20, 320
"""Codes a lease: each lease of a unit and day is twice the one before.

What is not used when the process is killed or the day is over stays a documented gap.
"""


@dataclass(frozen=True, slots=True)
class Unused:
    """Serials at the end of a lease: from `first` on, none was given away before `end`."""

    unit: str
    day: date
    first: int
    end: int


class CodeBlocks:
    """The leased serials of this process, by unit and day; `last_of` gives the last serial of a day."""

    def __init__(
        self,
        compose: Callable[[str, date, int], str],
        day_of: Callable[[datetime], date],
        last_of: Callable[[date], int],
    ) -> None:
        self._compose = compose
        self._day_of = day_of
        self._last_of = last_of
        self._serials: dict[tuple[str, date], deque[int]] = {}
        self._leased: dict[tuple[str, date], tuple[int, int]] = {}
        self._taken: list[tuple[tuple[str, date], int]] = []

    def add(self, unit: str, day: date, first: int, count: int) -> None:
        """A lease of `count` serials from `first` on; blocks of earlier days are forgotten."""
        for old in [key for key in self._serials if key[0] == unit and key[1] < day]:
            del self._serials[old], self._leased[old]
        serials = self._serials.setdefault((unit, day), deque())
        serials.extend(range(first, min(first + count, self._last_of(day) + 1)))
        self._leased[(unit, day)] = (first, count)

    def peek(self, unit: str, now: datetime) -> str | None:
        """The next code; None when all of the day are used up; `CodesMissingError` when none is leased.

        Raises CodeError for a unit that has no codes.
        """
        key = (unit, self._day_of(now))
        serials = self._serials.get(key)
        if serials:
            return self._compose(*key, serials[0])
        self._compose(*key, 1)
        leased = self._leased.get(key)
        if leased is None:
            raise CodesMissingError(*key, FIRST_BLOCK)
        if sum(leased) > self._last_of(key[1]):
            return None
        raise CodesMissingError(*key, min(2 * leased[1], LARGEST_BLOCK))

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

    def give_up(self) -> list[Unused]:
        """The process ends: what is left of the last leases, so that another may lease it; none is kept."""
        unused = []
        for (unit, day), serials in self._serials.items():
            first, count = self._leased[(unit, day)]
            left = sum(serial >= first for serial in serials)
            if left and serials[-1] == first + count - 1:
                unused.append(Unused(unit, day, first + count - left, first + count))
        self._serials.clear()
        self._leased.clear()
        return unused


class CodeOffer:
    """The next code of a unit for one request: drawn when the rules ask for it, taken if they accept."""

    def __init__(self, blocks: CodeBlocks, unit: str, now: datetime) -> None:
        self._blocks = blocks
        self._unit = unit
        self._now = now
        self._is_drawn = False

    def __call__(self) -> str | None:
        """The code; None when those of the day are used up. Raises as `CodeBlocks.peek`."""
        self._is_drawn = True
        return self._blocks.peek(self._unit, self._now)

    def take(self) -> None:
        """The request was accepted."""
        if self._is_drawn:
            self._blocks.take(self._unit, self._now)
