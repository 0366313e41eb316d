"""Real time for stories of the demo: so many requests a second, and nobody waits for a later hour."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from examples.demo.desk import Desk, Json, Traffic
from examples.demo.week import VIETNAM


class EndedError(Exception):
    """No more is sent: whoever watches has seen enough."""


class Pace:
    """Lets `rate` requests a second go, one after the other."""

    def __init__(self, rate: float) -> None:
        self._pause_s = 1 / rate
        self._next_at = time.monotonic()
        self.is_over = False

    async def turn(self) -> None:
        """Wait for one's turn; `EndedError` when nothing is to be sent any more."""
        now = time.monotonic()
        at = max(now, self._next_at)
        self._next_at = at + self._pause_s
        await asyncio.sleep(at - now)
        if self.is_over:
            raise EndedError


class RealTime:
    """The time of Viet Nam as it is; what a story does on a later day it does at once."""

    @property
    def now(self) -> datetime:
        """Now."""
        return datetime.now(VIETNAM)

    @property
    def first_day(self) -> date:
        """Today, from which days are counted."""
        return self.now.date()

    async def until(self, day: int, clock: str) -> None:
        """Nobody waits for a day of the week."""


class PacedDesk(Desk):
    """A desk whose officer keeps to a pace, and which forgets what is over.

    `repeats` counts what was sent once more as it was: its receipt is the one that is there already.
    """

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        ids: Callable[[], UUID],
        traffic: Traffic,
        pace: Pace,
    ) -> None:
        super().__init__(name, process, ids, traffic)
        self.repeats = 0
        self._pace = pace
        self._entered: dict[str, tuple[str, str, Json]] = {}

    async def ask(self, kind: str, subject: str, data: Json, request_id: str | None = None) -> Json:
        """Enter a request in its turn and wait for its receipt."""
        await self._pace.turn()
        return await super().ask(kind, subject, data, request_id)

    def enter(self, kind: str, subject: str, data: Json, request_id: str) -> None:
        """As of every desk; what is sent once more is counted."""
        line = kind, subject, data
        self.repeats += self._entered.setdefault(request_id, line) == line and request_id in self._receipts
        super().enter(kind, subject, data, request_id)

    def forget(self, dossier: str) -> None:
        """A life is over: what was kept of it goes."""
        for key in [key for key in self._facts if key[0] == dossier]:
            del self._facts[key]
        self._order.pop(dossier, None)
        for request, receipts in list(self._receipts.items()):
            if any(receipt.get("dossier") == dossier for receipt in receipts):
                del self._receipts[request]
                self._entered.pop(request, None)
