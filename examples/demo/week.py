"""The simulated week: stories wait for a time of it, and time moves only when every story waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

VIETNAM = timezone(timedelta(hours=7))
MONDAY = date(2026, 10, 5)
TIMES = ("07:10", "08:30", "10:00", "13:15", "14:30", "15:20", "16:30")
DAYS = 5


def moment(day: int, clock: str) -> datetime:
    """A time of the week; day 0 is its Monday."""
    hour, minute = clock.split(":")
    return datetime.combine(MONDAY + timedelta(days=day), time(int(hour), int(minute)), VIETNAM)


FIRST = moment(0, "06:50")
LAST = moment(DAYS - 1, "17:10")


class Week:
    """Counts who is at work; `asleep` is set while every story waits for a later time."""

    first_day = MONDAY

    def __init__(self) -> None:
        self.now = FIRST
        self.asleep = asyncio.Event()
        self.asleep.set()
        self._at_work = 0
        self._waiting: dict[datetime, list[asyncio.Future[None]]] = {}

    async def until(self, day: int, clock: str) -> None:
        """Wait for a time of the week; returns at once when it is over."""
        await self.until_moment(moment(day, clock))

    async def until_moment(self, when: datetime) -> None:
        """Wait for a moment; returns at once when it is over."""
        if when <= self.now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(when, []).append(woken)
        self._count(-1)
        await woken

    async def tell(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a story to its end as one that is at work."""
        self._count(+1)
        try:
            await story
        finally:
            self._count(-1)

    def next(self) -> datetime | None:
        """The next time that somebody waits for."""
        return min(self._waiting, default=None)

    def wake(self, when: datetime) -> None:
        """It is `when` now: those who waited for it go on."""
        self.now = when
        for woken in self._waiting.pop(when, []):
            self._count(+1)
            woken.set_result(None)

    def _count(self, change: int) -> None:
        self._at_work += change
        if self._at_work:
            self.asleep.clear()
        else:
            self.asleep.set()
