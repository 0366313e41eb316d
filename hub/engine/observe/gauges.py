"""Numbers that are counted in the store every few seconds: what waits, since when, and what is at risk."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from hub.engine.observe.lag import PartitionLag
from hub.engine.observe.metrics import StoreMetrics
from hub.engine.observe.supplies import Supplies
from hub.postgres.clock import read_clock
from hub.postgres.database import Session
from hub.process.queue_age import Queue

_EVERY_S = 5.0
_WINDOWS = {"4h": timedelta(hours=4), "1d": timedelta(days=1)}
WAITING = """
select
  (select count(*) from dead_letter where resolved_at is null) as letters,
  (select extract(epoch from now() - min(received_at))
   from dead_letter where resolved_at is null) as letter_age,
  (select count(distinct dossier_id) from parked_request) as parked,
  (select extract(epoch from now() - min(parked_at)) from parked_request) as parked_age,
  (select count(*) from unheard_agency u where u.last_at > now() - interval '7 days' and not exists (
     select from participant p where 'agency' = any(p.roles) and u.agency = any(p.organisations)
   )) as unheard,
  (select count(*) from segment) as segments,
  (select count(*) from blocked_message) as blocked,
  (select version from configuration_version where kind = 'operations') as operations
"""
AT_RISK = "select count(*) from timer where kind = 'due' and due_at > $1 and due_at <= $2"
OVERDUE = """
select (select count(*) from timer where kind = 'due' and due_at <= $1) + (select count(*) from overdue)
"""
"""Those whose timer has not fired yet, and those whose has."""
_ERASED = "select count(*) from erasure"

_QUEUES = {
    "segment": "select min(id), max(id) from segment",
    "blocked_message": "select min(id), max(id) from blocked_message",
}


class StoreCount:
    """What is counted in the store is the same in every engine: take the maximum over engines."""

    def __init__(
        self, metrics: StoreMetrics, session: Session, lag: PartitionLag, environment: str, supplies: Supplies
    ) -> None:
        self._metrics = metrics
        self._session = session
        self._lag_watch = lag
        self._environment = environment
        self._supplies = supplies
        self._outbox = {table: Queue() for table in _QUEUES}
        self._operations: int | None = None

    async def step(self) -> None:
        """Count once, then rest."""
        await self._waiting()
        await self._deadlines()
        await self._outbox_age()
        await self._lag()
        await self._supplies.count()
        await asyncio.sleep(_EVERY_S)

    async def _waiting(self) -> None:
        (row,) = await self._session.fetch(WAITING)
        self._metrics.letters.labels("engine", "envelope").set(row["letters"])
        self._metrics.letter_age.labels("engine").set(row["letter_age"] or 0)
        self._metrics.parked.set(row["parked"])
        self._metrics.parked_age.set(row["parked_age"] or 0)
        self._metrics.unheard.set(row["unheard"])
        self._metrics.segments.set(row["segments"])
        self._metrics.blocked.set(row["blocked"])
        if (
            row["operations"] != self._operations
        ):  # erasures are kept for ever, so they are counted when one is made
            self._operations = row["operations"]
            self._metrics.erased.set(await self._session.fetchval(_ERASED))

    async def _deadlines(self) -> None:
        clock = await read_clock(await self._session.live(), self._environment)
        now = clock.of(datetime.now(UTC))
        for window, length in _WINDOWS.items():
            count = await self._session.fetchval(AT_RISK, now, now + length)
            self._metrics.at_risk.labels(window).set(count)
        self._metrics.overdue.set(await self._session.fetchval(OVERDUE, now))

    async def _outbox_age(self) -> None:
        ages = []
        for table, queue in self._outbox.items():
            ((oldest, newest),) = await self._session.fetch(_QUEUES[table])
            ages.append(queue.age_s(time.monotonic(), oldest, newest))
        self._metrics.outbox_age.labels("engine").set(max(ages))

    async def _lag(self) -> None:
        rows = await self._session.fetch("select topic, partition, next, goes_on from intake_offset")
        done = {(row["topic"], row["partition"]): row["next"] for row in rows}
        behind = {(row["topic"], row["partition"]): row["goes_on"] for row in rows if row["goes_on"]}
        lags = await self._lag_watch.look(done, behind)
        for gauge in (self._metrics.lag, self._metrics.lag_seconds, self._metrics.lag_retention):
            gauge.clear()
        for topic, lag in lags.items():
            self._metrics.lag.labels("engine", topic).set(lag.records)
            self._metrics.lag_seconds.labels("engine", topic).set(lag.seconds)
            self._metrics.lag_retention.labels("engine", topic).set(lag.retention_ratio)
