"""Numbers that are counted in the store every few seconds: what waits, since when, and what is at risk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge

from hub.intake import Position
from hub.store.database import Connection
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


class StoreGauges:
    """Every engine shows the same numbers; take the maximum over engines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self.letters = gauge("hub_dead_letters", "Dead letters that nobody has resolved")
        self.letter_age = gauge(
            "hub_dead_letter_oldest_age_seconds", "Age of the oldest unresolved dead letter"
        )
        self.parked = gauge("hub_parked_keys", "Dossiers parked behind a bug")
        self.parked_age = gauge("hub_parked_oldest_age_seconds", "Age of the oldest parked request")
        self.segments = gauge("hub_outbox_segments", "Outbox segments in the store")
        self.blocked = gauge(
            "hub_blocked_messages", "Messages set aside because their topic cannot be written"
        )
        self.at_risk = gauge(
            "hub_deadlines_at_risk", "Dossiers due within the window, by legal time", "window"
        )
        self.overdue = gauge("hub_deadlines_overdue", "Dossiers whose due time has passed without a result")
        self.lag = gauge(
            "hub_consumer_lag_records", "Records received and not processed yet", "group", "topic"
        )

    async def run(self, connection: Connection, ends: Ends) -> None:
        """Count until cancelled."""
        while True:
            await self._waiting(connection)
            await self._deadlines(connection)
            await self._lag(connection, await ends())
            await asyncio.sleep(_EVERY_S)

    async def _waiting(self, connection: Connection) -> None:
        row = await connection.fetchrow(_WAITING)
        assert row is not None
        self.letters.set(row["letters"])
        self.letter_age.set(row["letter_age"] or 0)
        self.parked.set(row["parked"])
        self.parked_age.set(row["parked_age"] or 0)
        self.segments.set(row["segments"])
        self.blocked.set(row["blocked"])

    async def _deadlines(self, connection: Connection) -> None:
        now = (await read_clock(connection)).of(datetime.now(UTC))
        for window, length in _WINDOWS.items():
            self.at_risk.labels(window).set(await connection.fetchval(_AT_RISK, now, now + length))
        self.overdue.set(await connection.fetchval(_OVERDUE, now))

    async def _lag(self, connection: Connection, ends: Mapping[Position, LogEnds]) -> None:
        rows = await connection.fetch("select topic, partition, next from intake_offset")
        done = {(row["topic"], row["partition"]): row["next"] for row in rows}
        lags: dict[str, int] = {}
        for position, log in ends.items():
            lags[position[0]] = lags.get(position[0], 0) + max(0, log.end - done.get(position, 0))
        for topic, lag in lags.items():
            self.lag.labels("engine", topic).set(lag)
