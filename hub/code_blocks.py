"""Dossier codes from blocks leased per unit and day, so that acceptance waits for no counter (pure)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from hub.errors import RetryableError

BLOCK = 20
"""Codes a lease; what is not used when the process ends or the day is over stays a documented gap."""


class CodesMissingError(RetryableError):
    """The batch needs a block of `unit` and `day` that is not leased yet; lease it and decide again."""

    code = "codes_missing"

    def __init__(self, unit: str, day: date) -> None:
        super().__init__(f"no leased codes of {unit} on {day}")
        self.unit = unit
        self.day = day


class CodeBlocks:
    """The leased blocks of this process."""

    def __init__(self, compose: Callable[[str, date, int], str], day_of: Callable[[datetime], date]) -> None:
        self._compose = compose
        self._day_of = day_of
        self._blocks: dict[tuple[str, date], tuple[int, int]] = {}

    def add(self, unit: str, day: date, first: int) -> None:
        """A lease of `BLOCK` serials from `first` on."""
        self._blocks[(unit, day)] = (first, first + BLOCK)

    def peek(self, unit: str, now: datetime) -> str:
        """The next code; raises `CodesMissingError` when the block is used up."""
        day = self._day_of(now)
        serial, end = self._blocks.get((unit, day), (0, 0))
        if serial >= end:
            raise CodesMissingError(unit, day)
        return self._compose(unit, day, serial)

    def take(self, unit: str, now: datetime) -> None:
        """The peeked code was given away."""
        key = (unit, self._day_of(now))
        serial, end = self._blocks[key]
        self._blocks[key] = (serial + 1, end)
