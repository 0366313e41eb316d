"""Turns due timers into events of `in.hub`, once everything received before they were due is processed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from hub.identifiers import derived_id
from hub.intake import Position
from hub.kafka import AIOKafkaProducer
from hub.legal_time import LegalClock
from hub.message import HUB_SOURCE, cloud_event
from hub.recording import rfc3339
from hub.shards import Shards
from hub.store.database import Connection
from hub.store.reading import read_clock
from schemas.due import FireTimer

_TICK_S = 0.25
_AGAIN = "30 seconds"
_PAGE = 500
_DUE = f"""
select dossier_id::text as dossier, name, kind, due_at from timer
where shard = any($1) and due_at <= $2 and (fired_at is null or fired_at < now() - interval '{_AGAIN}')
order by due_at, dossier_id, name limit {_PAGE}
"""  # noqa: S608  constants only
_FIRED = """
update timer t set fired_at = now() from unnest($1::uuid[], $2::text[]) w(dossier_id, name)
where t.dossier_id = w.dossier_id and t.name = w.name
"""
_BEHIND = """
select count(*) from unnest($1::text[], $2::int[], $3::bigint[]) w(topic, partition, until)
left join intake_offset o on o.topic = w.topic and o.partition = w.partition
where o.stopped is null and coalesce(o.next, 0) < w.until
"""

LogEnd = Callable[[], Awaitable[Mapping[Position, int]]]
"""End offsets of every `in.` partition but the hub's own, asked of the broker now."""


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose time has come."""

    dossier: str
    name: str
    kind: str
    due_at: datetime

    @property
    def event_id(self) -> str:
        """The same timer always makes the same event, so that it counts once however often it is fired."""
        return derived_id(int(self.due_at.timestamp() * 1000), "timer", self.dossier, self.name)


class Clockwork:
    """One per process, for the timers of its shards."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        connection: Connection,
        shards: Shards,
        log_end: LogEnd,
        *,
        topic: str,
        partitions: int,
    ) -> None:
        self._producer = producer
        self._connection = connection
        self._shards = shards
        self._log_end = log_end
        self._topic = topic
        self._partitions = partitions

    async def run(self) -> None:
        """Fire until cancelled."""
        while True:
            if self._shards.owned and self._shards.is_confirmed:
                await self._tick()
            await asyncio.sleep(_TICK_S)

    async def _tick(self) -> None:
        clock = await read_clock(self._connection)
        due = await self._due(clock)
        if not due:
            return
        ends = await self._log_end()
        if await self._is_behind(ends):
            return
        await asyncio.gather(*[await self._fire(timer, clock) for timer in due])
        await self._connection.execute(
            _FIRED, [timer.dossier for timer in due], [timer.name for timer in due]
        )

    async def _due(self, clock: LegalClock) -> list[DueTimer]:
        now = clock.of(datetime.now(UTC))
        rows = await self._connection.fetch(_DUE, sorted(self._shards.owned), now)
        return [DueTimer(row["dossier"], row["name"], row["kind"], row["due_at"]) for row in rows]

    async def _is_behind(self, ends: Mapping[Position, int]) -> bool:
        """Whether an `in.` partition still holds records that were received before this look at the clock."""
        topics, numbers = [topic for topic, _ in ends], [number for _, number in ends]
        return bool(await self._connection.fetchval(_BEHIND, topics, numbers, list(ends.values())))

    async def _fire(self, timer: DueTimer, clock: LegalClock) -> Awaitable[object]:
        request = FireTimer.model_validate({"timer": timer.name, "kind": timer.kind, "due_at": timer.due_at})
        headers = cloud_event(
            event_id=timer.event_id,
            source=HUB_SOURCE,
            event_type=FireTimer.type,
            subject=timer.dossier,
            time=rfc3339(clock.of(datetime.now(UTC))),
            extensions=(),
        )
        partition = int(timer.dossier[-6:], 16) % self._partitions
        value = orjson.dumps(request.model_dump(mode="json"))
        sent: Awaitable[object] = await self._producer.send(
            self._topic, value=value, key=timer.dossier.encode(), partition=partition, headers=list(headers)
        )
        return sent
