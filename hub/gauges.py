"""Numbers that are counted in the store every few seconds: what waits, since when, and what is at risk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from hub.intake import Position
from hub.metrics import StoreMetrics
from hub.store.database import Session
from hub.store.positions import LogEnds
from hub.store.reading import read_clock

_EVERY_S = 5.0
_WINDOWS = {"4h": timedelta(hours=4), "1d": timedelta(days=1)}
_WAITING = """
select
  (select count(*) from dead_letter where resolved_at is null) as letters,
  (select extract(epoch from now() - min(received_at))
   from dead_letter where resolved_at is null) as letter_age,
  (select count(*) from dossier where parked > 0) as parked,
  (select extract(epoch from now() - min(parked_at)) from parked_request) as parked_age,
  (select count(*) from segment) as segments,
  (select count(*) from blocked_message) as blocked
"""
_AT_RISK = "select count(*) from timer where kind = 'due' and due_at > $1 and due_at <= $2"
_OVERDUE = "select count(*) from timer where kind = 'due' and due_at <= $1"

Ends = Callable[[], Awaitable[Mapping[Position, LogEnds]]]
"""Ends of the partitions that this process reads, as of now."""


class StoreCount:
    """What is counted in the store is the same in every engine: take the maximum over engines."""

    def __init__(self, metrics: StoreMetrics, session: Session, ends: Ends, environment: str) -> None:
        self._metrics = metrics
        self._session = session
        self._ends = ends
        self._environment = environment

    async def step(self) -> None:
        """Count once, then rest."""
        await self._waiting()
        await self._deadlines()
        await self._lag(await self._ends())
        await asyncio.sleep(_EVERY_S)

    async def _waiting(self) -> None:
        (row,) = await self._session.fetch(_WAITING)
        self._metrics.letters.labels("engine", "envelope").set(row["letters"])
        self._metrics.letter_age.labels("engine").set(row["letter_age"] or 0)
        self._metrics.parked.set(row["parked"])
        self._metrics.parked_age.set(row["parked_age"] or 0)
        self._metrics.segments.set(row["segments"])
        self._metrics.blocked.set(row["blocked"])

    async def _deadlines(self) -> None:
        clock = await read_clock(await self._session.live(), self._environment)
        now = clock.of(datetime.now(UTC))
        for window, length in _WINDOWS.items():
            count = await self._session.fetchval(_AT_RISK, now, now + length)
            self._metrics.at_risk.labels(window).set(count)
        self._metrics.overdue.set(await self._session.fetchval(_OVERDUE, now))

    async def _lag(self, ends: Mapping[Position, LogEnds]) -> None:
        rows = await self._session.fetch("select topic, partition, next from intake_offset")
        done = {(row["topic"], row["partition"]): row["next"] for row in rows}
        lags: dict[str, int] = {}
        for position, log in ends.items():
            lags[position[0]] = lags.get(position[0], 0) + max(0, log.end - done.get(position, 0))
        self._metrics.lag.clear()
        for topic, lag in lags.items():
            self._metrics.lag.labels("engine", topic).set(lag)
