"""Turns due timers into events of `in.hub`, once everything received before they were due is processed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from hub import crashpoints
from hub.engine.backlog import Backlog
from hub.engine.own_requests import own_request
from hub.engine.timer_rows import set_right
from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import OnUntrusted
from hub.identifiers import derived_id
from hub.kafka.log_inspector import Position
from hub.kafka.producer import OutgoingRecord, Producer
from hub.legal_time import LegalClock
from hub.logs import log
from hub.outbox.shards import Shards
from hub.postgres.clock import read_clock
from hub.postgres.database import Session
from schemas.due import FireTimer

_TICK_S = 0.25
_SEND_S = 10.0
_AGAIN = "60 seconds"
_PAGE = 500
_EPOCH = datetime.fromtimestamp(0, UTC)
DUE = f"""
select t.dossier_id::text as dossier, t.name, t.kind,
       greatest(t.due_at, timestamptz 'epoch') as due_at, t.fires
from unnest($1::int[]) owned(shard), lateral (
    select t.* from timer t join dossier d on d.id = t.dossier_id and d.parked = 0
    where t.shard = owned.shard and t.due_at <= $2
      and (t.fired_at is null or t.fired_at not between now() - interval '{_AGAIN}' and now())
    order by t.due_at limit {_PAGE}
) t
order by t.due_at, t.dossier_id, t.name limit {_PAGE}
"""  # noqa: S608  constants only
_FIRED = """
with held as (
    select t.dossier_id, t.name from timer t
    join unnest($1::uuid[], $2::text[]) w(dossier_id, name) using (dossier_id, name)
    order by t.dossier_id, t.name for update of t
)
update timer t set fired_at = now(), fires = least(t.fires::bigint + 1, 2147483647) from held h
where t.dossier_id = h.dossier_id and t.name = h.name
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
    fires: int

    @property
    def event_id(self) -> str:
        """The same until the firing is marked: what a crash repeats is the same event.

        A timer that is still there long after its event (the broker's clock was behind ours, and the event
        was refused as early) makes a new one; the dossier's state lets a timer count once.
        """
        due_ms = int(self.due_at.timestamp() * 1000)
        return derived_id(due_ms, "timer", self.dossier, self.name, str(self.fires))


@dataclass(frozen=True, slots=True)
class Barrier:
    """Timers due at `now` may fire when nothing before `ends`, read after it, holds them back."""

    now: datetime
    ends: Mapping[Position, int]


class Clockwork:
    """One per process, for the timers of its shards."""

    def __init__(
        self,
        producer: Producer,
        session: Session,
        shards: Shards,
        log_end: LogEnd,
        backlog: Backlog,
        *,
        topic: str,
        partitions: int,
        environment: str,
        key: StoreKey,
        on_untrusted: OnUntrusted,
    ) -> None:
        self._producer = producer
        self._session = session
        self._shards = shards
        self._log_end = log_end
        self._backlog = backlog
        self._topic = topic
        self._partitions = partitions
        self._environment = environment
        self._key = key
        self._on_untrusted = on_untrusted
        self._barrier: Barrier | None = None

    async def step(self) -> None:
        """Look once; raises what is `AWAY`."""
        await asyncio.sleep(_TICK_S)
        if not self._shards.owned or not self._shards.is_confirmed:
            return
        clock = await read_clock(await self._session.live(), self._environment)
        if self._barrier is None:
            now = clock.of(datetime.now(UTC))
            if not await self._due(now):
                self._backlog.forget()
                return
            self._barrier = Barrier(now, await self._log_end())
        if await self._backlog.holds_timers(self._barrier.ends):
            return
        due = await self._due(self._barrier.now)
        self._barrier = None
        await self._fire(due, clock)

    async def _due(self, now: datetime) -> list[DueTimer]:
        rows = await self._session.fetch(DUE, sorted(self._shards.owned), now)
        return [DueTimer(*row) for row in rows]

    async def _fire(self, due: list[DueTimer], clock: LegalClock) -> None:
        if not due:
            return
        if again := [(timer.dossier, timer.name) for timer in due if timer.fires]:
            wrong = await set_right(self._session, self._key, again, self._on_untrusted)
            due = [timer for timer in due if (timer.dossier, timer.name) not in wrong]
        records = [record for timer in due if (record := self._record_or_none(timer, clock)) is not None]
        await self._producer.send(self._topic, records, _SEND_S)
        crashpoints.reached("after_fire")
        await self._session.execute(_FIRED, [timer.dossier for timer in due], [timer.name for timer in due])

    def _record_or_none(self, timer: DueTimer, clock: LegalClock) -> OutgoingRecord | None:
        """A timer of which no event can be made is logged and comes again in a minute; the others fire."""
        if timer.due_at <= _EPOCH:
            name = f"timer {timer.dossier} {timer.name}"
            self._on_untrusted(AlteredRowError(name, "the hub sets no timer to that time"))
            return None
        try:
            return self._record(timer, clock)
        except Exception as error:  # noqa: BLE001  one dossier's timer never holds up the others
            log("timer_failed", dossier=timer.dossier, timer=timer.name, error=type(error).__name__)
            return None

    def _record(self, timer: DueTimer, clock: LegalClock) -> OutgoingRecord:
        request = FireTimer.model_validate({"timer": timer.name, "kind": timer.kind, "due_at": timer.due_at})
        now = clock.of(datetime.now(UTC))
        partition = int(timer.dossier[-6:], 16) % self._partitions
        return own_request(request, timer.event_id, now, subject=timer.dossier, partition=partition)
