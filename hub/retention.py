"""What is kept for how long: an engine deletes what is over, in a calm rhythm, one engine at a time."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from hub import erased_messages, licensed_data
from hub.delivery import queries
from hub.documents import keeping
from hub.documents.reason import DocumentsAwayError
from hub.documents.store import DocumentStore
from hub.erased_deliveries import empty_deliveries
from hub.logs import log
from hub.metrics import RetentionMetrics
from hub.operator_actions import tell_engines
from hub.parked_refusals import refuse_parked
from hub.sealing import MasterKey
from hub.settings import RetentionSettings, Settings
from hub.store.database import LOST, Connection, Session
from hub.store.reading import read_clock
from hub.store.terms import move_terms

_LOCK_ID = 4714
_LOOK_S = 60.0
_PAGE = 500
_LAST = "select ended_at from retention_run"
_IS_DUE = "select not exists (select from retention_run where ended_at > now() - make_interval(secs => $1))"
_ENDED = """
insert into retention_run (ended_at) values (now())
on conflict (is_only) do update set ended_at = excluded.ended_at returning ended_at
"""
_BEFORE = "select now() - make_interval(days => $1)"
_OLD_PARKED = """
select distinct dossier_id::text as dossier from parked_request where parked_at < $1 limit $2
"""
_ERASED_LATELY = """
select dossier_id::text as dossier from erasure where erased_at > least(
    now() - make_interval(secs => $1), (select ended_at from retention_run)
) - interval '1 hour'
"""
_HALF_UPLOAD = timedelta(days=1)
_DOCUMENTS_EVERY = timedelta(hours=20)
_ARE_DOCUMENTS_DUE = "select not exists (select from retention_run where documents_at > now() - $1::interval)"
_DOCUMENTS_DONE = """
insert into retention_run (ended_at, documents_at) values (now(), now())
on conflict (is_only) do update set documents_at = excluded.documents_at
"""
_ADAPTERS = "select distinct adapter from delivery union select distinct adapter from delivery_poison"


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
        Sweep("redrive", settings.history_days, _REDRIVES),
        Sweep("blocked_message", settings.blocked_days, _BLOCKED),
    )


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
        except asyncpg.DeadlockDetectedError:
            log("retention_deadlock")  # rolled back for the sake of an engine's write: the next look goes on
        finally:
            with contextlib.suppress(*LOST):
                await connection.execute("select pg_advisory_unlock($1)", _LOCK_ID)

    async def _sweep_all(self, connection: Connection) -> None:
        limits = self._settings.retention
        for sweep in sweeps(limits):
            await self._pages(connection, sweep)
        await self._parked(connection, await connection.fetchval(_BEFORE, limits.parked_days))
        await self._deliveries(connection)
        await self._personal(connection)
        await self._documents(connection)
        await connection.execute(_ENDED)

    async def _pages(self, connection: Connection, sweep: Sweep) -> None:
        """Repeat a page until one is not full, so that no statement holds its locks for long."""
        before = await connection.fetchval(_BEFORE, sweep.days)
        removed, page = 0, _PAGE
        while page == _PAGE:
            status = await connection.execute(sweep.statement, before, _PAGE)
            page = int(status.rsplit(" ", 1)[1])
            removed += page
        self._count(sweep.kind, removed)

    async def _parked(self, connection: Connection, before: datetime) -> None:
        removed = 0
        while rows := await connection.fetch(_OLD_PARKED, before, _PAGE):
            for row in rows:
                async with connection.transaction():
                    removed += await refuse_parked(
                        connection, self._settings, row["dossier"], "parked.expired", before
                    )
        if removed:
            await tell_engines(connection)
        self._count("parked_request", removed)

    async def _deliveries(self, connection: Connection) -> None:
        """Adapters sweep their own rows; this is for those that do not run any more, or keep longer."""
        if not await connection.fetchval(queries.HAS_TABLES):
            return
        limits = self._settings.retention
        for row in await connection.fetch(_ADAPTERS):
            for kind, statement, days in (
                ("delivery", queries.SWEEP_DELIVERIES, limits.delivery_days),
                ("delivery_report", queries.SWEEP_REPORTS, limits.delivery_days),
                ("delivery_poison", queries.SWEEP_POISON, limits.letter_days),
            ):
                self._count(kind, await connection.fetchval(statement, row["adapter"], days))

    async def _personal(self, connection: Connection) -> None:
        """What came in again of erased dossiers behind the erasure, and licensed data whose use has ended."""
        async with connection.transaction():
            emptied = await empty_deliveries(connection)
        self._count("delivery_bytes", emptied.unsent + emptied.emptied)
        clock = await read_clock(connection, self._settings.environment)
        now = clock.of(datetime.now(UTC))
        messages = await erased_messages.empty_past_use(connection, now)
        for row in await connection.fetch(_ERASED_LATELY, self._settings.retention.every_s):
            messages += await erased_messages.empty_messages(connection, row["dossier"])
        self._count("waiting_message", messages)
        self._count("licensed_data", await licensed_data.empty_past_use(connection, now))
        if await move_terms(connection, self._master, now.date()):
            await tell_engines(connection)
            log("term_keys_destroyed", before=now.date().isoformat())

    async def _documents(self, connection: Connection) -> None:
        """A store of documents that is away holds nothing else up: the next sweep does it."""
        try:
            self._count("document_erased", await keeping.remove_erased(connection, self._store))
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
