"""The loop: take a batch, decide it on one read, commit it in one write while the next is decided."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic

from hub import crashpoints
from hub.engine.decide.code_blocks import CodesMissingError
from hub.engine.decide.decide_batch import BatchDecision, OnCommitted, Tools
from hub.engine.decide.isolate_failures import Attempts, HeldBackError
from hub.engine.decide.unit_of_work import UnitOfWork
from hub.engine.intake.brakes import Limiter
from hub.engine.intake.consumer import (
    Batch,
    Consumer,
    DeadClientError,
    FirstReadable,
    GapError,
    UnreadableError,
)
from hub.engine.intake.crash_loop import Starts, poisonous
from hub.engine.intake.damaged import stop_damaged
from hub.engine.job import State
from hub.engine.observe.metrics import EngineMetrics
from hub.engine.redriving import Redriver
from hub.engine.write import code_leases, reading
from hub.engine.write.writing import MissError, write_batch
from hub.errors import StopError
from hub.facts.expiring_keys import load_terms
from hub.inbound.authorise import Authorised, Reading, Unreadable, authorise
from hub.inbound.envelope import Record
from hub.kafka.client import KafkaError
from hub.kafka.log_inspector import Position
from hub.logs import log
from hub.outbox.relay import Relay
from hub.outbox.segments import Written
from hub.postgres import away, database
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.process.supervise import AWAY, Backoff, is_away
from hub.settings import EngineSettings, PostgresSettings

_IDLE_WAIT_MS = 100
_FULL_WAIT_S = 0.05
_MAX_MISSES = 200
_MAX_CLIENT_ERRORS = 60
_HOUSEKEEPING_S = 1.0
_REDRIVE_S = 0.5
_TROUBLED_S = 5.0


@dataclass(frozen=True, slots=True)
class InFlight(Generic[State]):
    """The batch whose write is under way."""

    batch: Batch
    decision: BatchDecision[State]
    task: asyncio.Task[Written]
    is_overlaid: bool


class Engine(Generic[State]):
    """One per process. Depth of the pipeline is one: one write under way, one batch decided behind it."""

    def __init__(
        self,
        tools: Tools[State],
        world: Reading,
        intake: Consumer,
        relay: Relay,
        postgres: PostgresSettings,
        settings: EngineSettings,
        metrics: EngineMetrics,
        first_readable: FirstReadable,
        on_committed: OnCommitted,
    ) -> None:
        self._tools = tools
        self._world = world
        self._intake = intake
        self._relay = relay
        self._postgres = postgres
        self._settings = settings
        self._metrics = metrics
        self._first_readable = first_readable
        self._on_committed = on_committed
        self._limiter = Limiter(settings.parked_limit, world.topic_prefix)
        self._in_flight: InFlight[State] | None = None
        self._redo: deque[Batch] = deque()
        self._versions: dict[str, int] = {}
        self._starts = Starts(intake.probe_width)
        self._committed: dict[Position, int] = {}
        self._kept_house_at = 0.0
        self._unfinished = 0
        self._misses = 0
        self._client_errors = 0
        self._trouble: BaseException | None = None
        self._failed = ("", 0.0)
        self._jump: tuple[Position, int] | None = None
        self._backoff = Backoff()
        self._is_taking = False

    async def open(self) -> None:
        """Connect the reading and the writing session and read what the engine keeps in memory."""
        self._reader: Connection = await database.connect(self._postgres, f"{self._settings.instance}-read")
        self._writer: Connection = await database.connect(self._postgres, f"{self._settings.instance}-write")
        versions = await reading.read_versions(self._reader)
        reading.must_know(versions)
        await self._reload(versions)

    async def close(self) -> None:
        """Give back the codes that nobody got, and close both sessions."""
        with contextlib.suppress(*AWAY):
            await code_leases.give_back(self._writer, self._tools.codes)
        for session in (self._reader, self._writer):
            with contextlib.suppress(*away.AWAY):
                await session.close(timeout=2)

    async def drained(self) -> None:
        """Wait until everything taken is committed or given up; at most 10 s."""
        try:
            async with asyncio.timeout(10):
                while self._unfinished and not (self._is_taking and self._in_flight is None):
                    if self._is_taking and self._in_flight is not None:
                        await asyncio.wait([self._in_flight.task])
                        return
                    await asyncio.sleep(0.005)
        except TimeoutError:
            log("drain_timeout", unfinished=self._unfinished)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and what was taken is committed; `StopError` if it must not go on."""
        while not stop.is_set():
            try:
                if self._trouble is not None:
                    await self._recover()
                await self._round()
            except MissError as miss:
                self._missed(miss)
            except UnreadableError as error:
                await self._examine(error)
            except DeadClientError:
                await self._examine_all()
            except HeldBackError as held:
                self._hold_back(held)
            except GapError as gap:
                await self._jumped(gap)
            except AWAY as error:
                self._fail(error)
        with contextlib.suppress(MissError, *AWAY):
            await self._settle()

    def committed(self) -> dict[Position, int]:
        """The offset up to which each partition was committed by this process."""
        return dict(self._committed)

    # One round

    async def _round(self) -> None:
        if time.monotonic() - self._kept_house_at > _HOUSEKEEPING_S:
            await self._settle()
            await self._keep_house()
        batch = self._redo.popleft() if self._redo else await self._take()
        if batch is None:
            await self._settle()
            self._backoff.reset()
            return
        is_overlaid = self._overlay() is not None
        try:
            decision = await self._decide(batch)
        except BaseException:
            self._redo.appendleft(batch)
            raise
        await self._settle(behind=batch)
        task = asyncio.create_task(self._write(batch, decision))
        self._in_flight = InFlight(batch, decision, task, is_overlaid)
        if batch.is_probe:
            await self._settle()

    async def _take(self) -> Batch | None:
        self._metrics.polled()
        if self._relay.backlog >= self._settings.outbox_limit_segments:
            await asyncio.sleep(_FULL_WAIT_S)
            return None
        if self._intake.is_stale:
            await self._settle()
        wait_ms = 1 if self._in_flight is not None else _IDLE_WAIT_MS
        self._is_taking = True
        try:
            batch = await self._intake.take(wait_ms)
        finally:
            self._is_taking = False
        if batch is not None:
            self._unfinished += 1
            self._client_errors = 0
        return batch

    async def _keep_house(self) -> None:
        """Between two batches, once a second: what operators ordered, and whether the client is alive."""
        self._kept_house_at = time.monotonic()
        versions = await reading.read_versions(self._reader)
        if versions != self._versions:
            await self._reload(versions)
        self._metrics.hold(self._limiter.hold(self._intake.pauses))
        redriver = Redriver(self._reader, self._writer, self._tools, self._world, self._lease)
        if await redriver.run(_REDRIVE_S):
            await self._limiter.recall(self._reader)

    async def _decide(self, batch: Batch) -> BatchDecision[State]:
        await self._starts.announce(self._reader, batch, self._intake.generation)
        items = self._read(batch)
        before = self._overlay()
        read = await self._look_up(items)
        if read.versions != self._versions:
            await self._reload(read.versions)
            items = self._read(batch)
            before = self._overlay()
            read = await self._look_up(items)
        await self._tools.copies.bring(items, self._tools.job, self._reader, read.view)
        await self._tools.sources.bring(items, self._reader, self._tools.master.store)
        attempts: Attempts[State] = Attempts(items)

        def from_the_start() -> BatchDecision[State]:
            self._tools.codes.take_back()
            return BatchDecision(str(uuid.uuid4()), self._tools, read.view, before)

        self._tools.codes.keep()
        while True:
            try:
                return attempts.decide(from_the_start)
            except CodesMissingError as missing:
                await self._lease(missing)

    async def _look_up(self, items: list[Authorised | Unreadable]) -> reading.ReadBatch:
        return await reading.read_batch(self._reader, reading.wanted_of(items), self._tools.master.store)

    async def _lease(self, missing: CodesMissingError) -> None:
        await code_leases.lease(self._reader, self._tools.codes, missing)

    def _read(self, batch: Batch) -> list[Authorised | Unreadable]:
        if self._starts.is_poison(batch):
            return [poisonous(record, self._world) for record in batch.records]
        for record in batch.records:
            crashpoints.touches(record.headers)
        return [self._understand(record) for record in batch.records]

    def _understand(self, record: Record) -> Authorised | Unreadable:
        try:
            return authorise(record, self._world)
        except Exception as error:  # noqa: BLE001  a bug costs this record, never the partition
            log("record_failed", topic=record.topic, offset=record.offset, error=type(error).__name__)
            return poisonous(record, self._world)

    def _overlay(self) -> UnitOfWork[State] | None:
        if self._in_flight is None or self._in_flight.task.done():
            return None
        return self._in_flight.decision.workspace

    async def _write(self, batch: Batch, decision: BatchDecision[State]) -> Written:
        crashpoints.reached("before_commit")
        outgoing = self._relay.outgoing()
        started = time.perf_counter()
        try:
            written = await write_batch(
                self._writer,
                decision,
                batch.steps,
                outgoing,
                dump=self._tools.job.dump,
                shards=self._tools.shards,
            )
        except BaseException:
            self._relay.not_written(outgoing)
            raise
        crashpoints.reached("after_commit")
        for error in decision.untrusted:
            self._metrics.untrusted_row(error)
        self._metrics.committed(decision.tally, len(batch.records), time.perf_counter() - started)
        messages = {shard: [m for m, _ in both] for shard, both in decision.messages.items()}
        received_ms = min(record.timestamp for record in batch.records)
        self._relay.written(outgoing, written, messages, received_ms)
        return written

    async def _settle(self, behind: Batch | None = None) -> None:
        """Wait for the write under way; on a failure both batches are to be done again."""
        in_flight = self._in_flight
        if in_flight is None:
            return
        try:
            await in_flight.task
        except BaseException as error:
            if in_flight.is_overlaid and isinstance(error, MissError) and error.kind == "head_miss":
                self._metrics.overlay_misses.inc()
            self._redo.extendleft(batch for batch in (behind, in_flight.batch) if batch is not None)
            self._in_flight = None
            raise
        self._in_flight = None
        self._misses = 0
        self._backoff.reset()
        in_flight.decision.workspace.forget_before()
        self._committed.update({(s.topic, s.partition): s.next for s in in_flight.batch.steps})
        self._unfinished -= 1
        self._limiter.watch(in_flight.decision, self._intake.pauses)
        self._on_committed(in_flight.batch.records, in_flight.decision)

    # What can go wrong

    def _missed(self, miss: MissError) -> None:
        """A write was rolled back: its batches are decided again, after an offset miss from the store on."""
        self._metrics.missed(miss.kind)
        self._misses += 1
        if self._misses > _MAX_MISSES:
            raise StopError(f"{self._misses} writes in a row were rolled back ({miss.kind})") from miss
        if miss.kind == "offset_miss":
            self._trouble = miss

    def trouble(self) -> str | None:
        """The error because of which nothing is committed now: a moment ago, and no commit since."""
        name, at = self._failed
        return name if at > self._metrics.last_commit and time.monotonic() - at < _TROUBLED_S else None

    def _fail(self, error: BaseException) -> None:
        if not is_away(error):
            raise error
        self._failed = (away.reason_of(error), time.monotonic())
        if isinstance(error, KafkaError):
            self._intake.take_care()
            if not error.retriable:
                self._client_errors += 1
        if self._client_errors > _MAX_CLIENT_ERRORS:
            raise StopError(f"the broker's answers cannot be used: {type(error).__name__}") from error
        self._trouble = error

    async def _jumped(self, gap: GapError) -> None:
        """After the first jump everything is read again; a jump that comes again is in the log itself."""
        place = (gap.position, gap.expected)
        if place == self._jump:
            await self._examine(UnreadableError(gap.position, gap.expected, "gap"))
        self._jump, self._trouble = place, gap

    async def _recover(self) -> None:
        """Forget everything that was taken, connect again if need be, and start at the stored positions.

        Nobody knows whether a write is stored whose connection broke: the stored positions tell.
        """
        assert self._trouble is not None
        error, is_lost = self._trouble, away.is_away(self._trouble)
        log("went_back", error=away.reason_of(error), database_lost=is_lost)
        self._metrics.polled()
        if is_lost:
            self._metrics.database_lost()
            for session in (self._reader, self._writer):
                session.terminate()
        await self._abandon()
        await self._backoff.wait()
        if is_lost:
            await self.open()
        await self._intake.restart()
        self._trouble = None

    async def _abandon(self) -> None:
        if self._in_flight is not None:
            await asyncio.gather(self._in_flight.task, return_exceptions=True)
            self._in_flight = None
        self._redo.clear()
        self._unfinished = 0

    async def _examine(self, error: UnreadableError) -> None:
        """One partition cannot be read on: when its bytes are damaged it is stopped, else it has to wait."""
        log("partition_unreadable", topic=error.position[0], partition=error.position[1], reason=error.reason)
        self._trouble = error
        try:
            await self._stop_damaged(error.position, error.offset)
        except AWAY as gone:
            log("not_examined", error=away.reason_of(gone))
        self._intake.pauses.shun(error.position)

    def _hold_back(self, held: HeldBackError) -> None:
        """A partition waits for a row that nothing may be decided on; the others go on."""
        self._metrics.untrusted_row(held.cause)
        self._intake.pauses.shun(held.position)
        self._trouble = held

    async def _examine_all(self) -> None:
        with contextlib.suppress(*AWAY):
            for position, offset in self._intake.expected().items():
                await self._stop_damaged(position, offset)
        raise StopError("the Kafka client has stopped to fetch")

    async def _stop_damaged(self, position: Position, offset: int) -> None:
        await stop_damaged(self._reader, self._tools.master.store, self._first_readable, position, offset)

    async def _reload(self, versions: dict[str, int]) -> None:
        key, told = self._tools.master.store, self._metrics.untrusted_row
        directory = await reading.read_directory(self._reader, key, told)
        clock = await read_clock(self._reader, self._world.environment)
        today = clock.of(datetime.now(UTC)).date()
        await load_terms(self._reader, self._tools.master, today)
        self._tools.master.forget()
        self._tools = replace(self._tools, directory=directory)
        self._world = replace(self._world, directory=directory, clock=clock)
        before, self._versions = self._versions, versions
        await self._limiter.recall(self._reader)
        if before and versions.get("offsets") != before.get("offsets"):  # a gap was accepted
            self._intake.doubt()
