"""What is kept for how long: an engine deletes what is over, in a calm rhythm, one engine at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg

from hub.delivery import sweeping
from hub.documents.reason import DocumentsAwayError
from hub.documents.store import DocumentStore
from hub.facts.expiring_keys import move_terms
from hub.facts.sealing import MasterKey
from hub.facts.trusted import erased
from hub.logs import log
from hub.postgres.away import AWAY, reason_of
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection, Session
from hub.postgres.operator_actions import tell_engines
from hub.privacy import erased_messages, licensed_data
from hub.privacy import kept_documents as keeping
from hub.privacy.erased_deliveries import empty_deliveries
from hub.privacy.metrics import RetentionMetrics
from hub.privacy.parked_refusals import refuse_parked
from hub.settings import RetentionSettings, Settings

_LOCK_ID = 4714
_LOOK_S = 60.0
_PAGE = 500
_LAST = "select ended_at from retention_run where ended_at <= now()"
_IS_DUE = """
select not exists (
    select from retention_run where ended_at between now() - make_interval(secs => $1) and now()
)
"""
"""An end in the future was written by nobody of the hub, and no sweep would be due any more."""
_ENDED = """
insert into retention_run (ended_at) values (now())
on conflict (is_only) do update set ended_at = excluded.ended_at returning ended_at
"""
_BEFORE = "select now() - make_interval(days => $1)"
OLD_PARKED = """
select distinct dossier_id::text as dossier from parked_request where parked_at < $1 limit $2
"""
ERASED_LATELY = """
select dossier_id::text as dossier from erasure where erased_at > least(
    now() - make_interval(secs => $1), (select ended_at from retention_run)
) - interval '1 hour'
"""
_HALF_UPLOAD = timedelta(days=1)
_DOCUMENTS_EVERY = timedelta(hours=20)
_ARE_DOCUMENTS_DUE = """
select not exists (select from retention_run where documents_at between now() - $1::interval and now())
"""
_DOCUMENTS_DONE = """
insert into retention_run (ended_at, documents_at) values ('epoch', now())
on conflict (is_only) do update set documents_at = excluded.documents_at
"""
_ADAPTERS = """
with recursive known as (
    (select adapter from delivery order by adapter limit 1)
    union all
    select (select d.adapter from delivery d where d.adapter > k.adapter order by d.adapter limit 1)
    from known k where k.adapter is not null
)
select adapter from known where adapter is not null
union select adapter from delivery_poison union select adapter from delivery_report where state = 'confirmed'
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of row that has its time: the statement takes the time before which it is over, and a page."""

    kind: str
    days: int
    statement: str


_DROP_LETTERS = """
update dead_letter set record = '', dropped_at = now() where id in (
    select id from dead_letter where resolved_at is null and dropped_at is null and received_at < $1 limit $2
)
"""
_RESOLVED_LETTERS = """
delete from dead_letter where id in (select id from dead_letter where resolved_at < $1 limit $2)
"""
_REDRIVES = "delete from redrive where id in (select id from redrive where done_at < $1 limit $2)"
_USE = """
delete from participant_use where (participant, day, kind) in (
    select participant, day, kind from participant_use where day < $1::timestamptz::date limit $2
)
"""
_BLOCKED = """
delete from blocked_message where id in (
    select id from blocked_message where blocked_at < $1 and starts_with(topic, 'out.') limit $2
)
"""


def sweeps(settings: RetentionSettings) -> tuple[Sweep, ...]:
    """What a page-wise statement can sweep (pure); parked requests and deliveries need more than one."""
    return (
        Sweep("dead_letter_bytes", settings.letter_days, _DROP_LETTERS),
        Sweep("dead_letter", settings.history_days, _RESOLVED_LETTERS),
        Sweep("participant_use", settings.history_days, _USE),
        Sweep("redrive", settings.history_days, _REDRIVES),
        Sweep("blocked_message", settings.blocked_days, _BLOCKED),
    )


class _OneByOne:
    """Dossiers of one sweep: what one of them raises is kept for the end, and the others are swept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._failed: dict[str, Exception] = {}

    def left(self, rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
        """Those that have not failed yet."""
        return [row for row in rows if row["dossier"] not in self._failed]

    async def do(self, dossier: str, work: Callable[[str], Awaitable[int]]) -> int:
        """How many rows of this dossier were swept; raises only when the session is gone."""
        try:
            return await work(dossier)
        except Exception as error:
            if self._connection.is_closed():
                raise
            log("dossier_not_swept", dossier=dossier, error=reason_of(error))
            self._failed[dossier] = error
            return 0

    def end(self) -> None:
        """Raise the first error, so that the sweep is done again at the next look."""
        for error in self._failed.values():
            raise error


class Retention:
    """One per engine; the one that has the lock when the last sweep is old enough does the next."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        metrics: RetentionMetrics,
        store: DocumentStore,
        master: MasterKey,
    ) -> None:
        self._session = session
        self._settings = settings
        self._metrics = metrics
        self._store = store
        self._master = master
        self._key = master.store

    async def step(self) -> None:
        """Rest, then look; raises what is `AWAY`."""
        await asyncio.sleep(min(self._settings.retention.every_s, _LOOK_S))
        await self.look()

    async def look(self) -> None:
        """Sweep if a sweep is due and no other engine is at it."""
        connection = await self._session.live()
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK_ID):
            return
        try:
            if await connection.fetchval(_IS_DUE, self._settings.retention.every_s):
                await self._sweep_all(connection)
            last: datetime | None = await connection.fetchval(_LAST)
            if last is not None:
                self._metrics.last_success.set(last.timestamp())
        finally:
            with contextlib.suppress(*AWAY):
                await connection.execute("select pg_advisory_unlock($1)", _LOCK_ID)

    async def _sweep_all(self, connection: Connection) -> None:
        """What has to go for the sake of a person goes first; what fails holds nothing else up."""
        limits = self._settings.retention
        steps: dict[str, Callable[[], Awaitable[None]]] = {
            "personal": lambda: self._personal(connection),
            **{sweep.kind: partial(self._pages, connection, sweep) for sweep in sweeps(limits)},
            "parked_request": lambda: self._parked(connection, limits.parked_days),
            "document": lambda: self._documents(connection),
            "delivery": lambda: self._deliveries(connection),
        }
        failed = [name for name, step in steps.items() if not await self._is_done(connection, name, step)]
        if not failed:
            await connection.execute(_ENDED)

    async def _is_done(self, connection: Connection, name: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Whether a step came to its end; it is done again at the next look if not."""
        try:
            await step()
        except Exception as error:
            if connection.is_closed():
                raise
            self._metrics.failed.labels(name).inc()
            log("retention_failed", kind=name, error=reason_of(error))
            return False
        return True

    async def _pages(self, connection: Connection, sweep: Sweep) -> None:
        """Repeat a page until one is not full, so that no statement holds its locks for long."""
        before = await connection.fetchval(_BEFORE, sweep.days)
        removed, page = 0, _PAGE
        while page == _PAGE:
            status = await connection.execute(sweep.statement, before, _PAGE)
            page = int(status.rsplit(" ", 1)[1])
            removed += page
        self._count(sweep.kind, removed)

    async def _parked(self, connection: Connection, days: int) -> None:
        before: datetime = await connection.fetchval(_BEFORE, days)

        async def refused(dossier: str) -> int:
            async with connection.transaction():
                return await refuse_parked(
                    connection, self._settings, self._key, dossier, "parked.expired", before
                )

        removed, one_by_one = 0, _OneByOne(connection)
        while rows := one_by_one.left(await connection.fetch(OLD_PARKED, before, _PAGE)):
            for row in rows:
                removed += await one_by_one.do(row["dossier"], refused)
        if removed:
            await tell_engines(connection)
        self._count("parked_request", removed)
        one_by_one.end()

    async def _deliveries(self, connection: Connection) -> None:
        """Adapters sweep their own rows; this is for those that do not run any more, or keep longer."""
        limits = self._settings.retention
        for row in await connection.fetch(_ADAPTERS):
            for sweep in sweeping.sweeps(limits.delivery_days, limits.letter_days):
                async for removed in sweep.pages(connection.fetchrow, row["adapter"]):
                    self._count(sweep.kind, removed)

    async def _personal(self, connection: Connection) -> None:
        """What came in again of erased dossiers behind the erasure, and licensed data whose use has ended."""
        gone = await erased(connection, self._key)
        async with connection.transaction():
            emptied = await empty_deliveries(connection, gone)
        self._count("delivery_bytes", emptied.unsent + emptied.emptied)
        clock = await read_clock(connection, self._settings.environment)
        now = clock.of(datetime.now(UTC))
        messages = await erased_messages.empty_past_use(connection, now, self._key)
        one_by_one = _OneByOne(connection)
        for row in await connection.fetch(ERASED_LATELY, self._settings.retention.every_s):
            if row["dossier"] in gone:
                messages += await one_by_one.do(
                    row["dossier"],
                    lambda dossier: erased_messages.empty_messages(connection, dossier, self._key),
                )
        self._count("waiting_message", messages)
        self._count("licensed_data", await licensed_data.empty_past_use(connection, now))
        if await move_terms(connection, self._master, now.date()):
            await tell_engines(connection)
            log("term_keys_destroyed", before=now.date().isoformat())
        one_by_one.end()

    async def _documents(self, connection: Connection) -> None:
        """A store of documents that is away holds nothing else up: the next sweep does it."""
        try:
            self._count("document_erased", await keeping.remove_erased(connection, self._store, self._key))
            half = datetime.now(UTC) - _HALF_UPLOAD
            self._count("document_upload", await self._store.sweep(half))
            if await connection.fetchval(_ARE_DOCUMENTS_DUE, _DOCUMENTS_EVERY):
                before = datetime.now(UTC) - timedelta(days=self._settings.retention.upload_days)
                removed = await keeping.remove_unnamed(connection, self._store, before)
                self._count("document_unnamed", removed)
                await connection.execute(_DOCUMENTS_DONE)
        except DocumentsAwayError as error:
            log("documents_not_swept", reason=str(error))

    def _count(self, kind: str, removed: int) -> None:
        if removed:
            self._metrics.removed.labels(kind).inc(removed)
            log("retention_swept", kind=kind, rows=removed)
