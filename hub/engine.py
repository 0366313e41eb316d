"""The loop: take a batch, decide it on one read, commit it in one write while the next is decided."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from dataclasses import dataclass, replace
from typing import Generic

import asyncpg

from hub import crashpoints
from hub.batch import BatchDecision, Tools
from hub.code_blocks import CodesMissingError
from hub.errors import StopError
from hub.intake import Assigned, Batch, GapError, Intake, Position
from hub.job import State
from hub.kafka import KafkaError
from hub.limiter import Limiter
from hub.logs import log
from hub.metrics import EngineMetrics
from hub.redriving import Redriver
from hub.relay import Relay
from hub.settings import EngineSettings, PostgresSettings
from hub.store import database, positions, reading
from hub.store.database import Connection
from hub.store.writing import MissError, Written, write_batch
from hub.understanding import Reading, Understood, Unreadable, understand
from hub.workspace import Workspace

_IDLE_WAIT_MS = 100
_MAX_MISSES = 200
_REDRIVE_S = 1.0
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    OSError,
    TimeoutError,
)
_LEASE = """
insert into code_block (unit, day, next) values ($1, $2, 1 + $3)
on conflict (unit, day) do update set next = code_block.next + $3 returning next - $3
"""


@dataclass(frozen=True, slots=True)
class InFlight(Generic[State]):
    """The batch whose write is under way."""

    batch: Batch
    decision: BatchDecision[State]
    task: asyncio.Task[Written]


class Engine(Generic[State]):
    """One per process. Depth of the pipeline is one: one write under way, one batch decided behind it."""

    def __init__(
        self,
        tools: Tools[State],
        world: Reading,
        intake: Intake,
        relay: Relay,
        postgres: PostgresSettings,
        settings: EngineSettings,
        metrics: EngineMetrics,
    ) -> None:
        self._tools = tools
        self._world = world
        self._intake = intake
        self._relay = relay
        self._postgres = postgres
        self._settings = settings
        self._metrics = metrics
        self._limiter = Limiter(settings.malformed_limit, settings.parked_limit)
        self._in_flight: InFlight[State] | None = None
        self._redo: deque[Batch] = deque()
        self._versions: dict[str, int] = {}
        self._counted_generation = -1
        self._committed: dict[Position, int] = {}
        self._redriven_at = 0.0
        self._unfinished = 0
        self._misses = 0
        self._is_drained = asyncio.Event()
        self._is_drained.set()

    async def open(self) -> None:
        """Connect the reading and the writing session and read participants and clock."""
        self._reader: Connection = await database.connect(self._postgres, f"{self._settings.instance}-read")
        self._writer: Connection = await database.connect(self._postgres, f"{self._settings.instance}-write")
        await self._reload(await reading.read_versions(self._reader))

    async def close(self) -> None:
        """Close both sessions."""
        await asyncio.gather(self._reader.close(timeout=5), self._writer.close(timeout=5))

    async def drained(self) -> None:
        """Wait until everything taken is committed or given up; at most 10 s."""
        try:
            await asyncio.wait_for(self._is_drained.wait(), 10)
        except TimeoutError:
            log("drain_timeout", unfinished=self._unfinished)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and what was taken is committed; `StopError` if it must not go on."""
        while not stop.is_set():
            try:
                await self._round()
            except MissError as miss:
                await self._missed(miss)
            except (GapError, KafkaError) as error:
                await self._go_back("fetch_failed", error)
            except _LOST as error:
                await self._reconnect(error)
        await self._settle()

    def committed(self) -> dict[Position, int]:
        """The offset up to which each partition was committed by this process."""
        return dict(self._committed)

    # One round

    async def _round(self) -> None:
        batch = self._redo.popleft() if self._redo else await self._take()
        if batch is None:
            await self._settle()
            await self._redrive()
            return
        if not batch.is_probe and self._intake.generation != self._counted_generation:
            await self._count_start(batch)
        try:
            decision = await self._decide(batch)
        except BaseException:
            self._redo.appendleft(batch)
            raise
        await self._settle(behind=batch)
        task = asyncio.create_task(self._write(batch, decision))
        self._in_flight = InFlight(batch, decision, task)
        if batch.is_probe:
            await self._settle()

    async def _take(self) -> Batch | None:
        self._metrics.polled()
        await self._relay.has_room(self._settings.outbox_limit_segments)
        wait_ms = 1 if self._in_flight is not None else _IDLE_WAIT_MS
        batch = await self._intake.take(wait_ms)
        if batch is not None:
            self._unfinished += 1
            self._is_drained.clear()
        return batch

    async def _decide(self, batch: Batch) -> BatchDecision[State]:
        items = [understand(record, self._world) for record in batch.records]
        if batch.is_probe and not batch.is_poison:
            await self._mark(batch)
        before = self._overlay()
        read = await reading.read_batch(self._reader, reading.wanted_of(items))
        if read.versions != self._versions:
            await self._reload(read.versions)
            items = [understand(record, self._world) for record in batch.records]
            before = self._overlay()
            read = await reading.read_batch(self._reader, reading.wanted_of(items))
        while True:
            decision = BatchDecision(str(uuid.uuid4()), self._tools, read.view, before)
            try:
                self._fill(decision, items, is_poison=batch.is_poison)
            except CodesMissingError as missing:
                first = await self._reader.fetchval(_LEASE, missing.unit, missing.day, missing.count)
                self._tools.codes.add(missing.unit, missing.day, first, missing.count)
            else:
                return decision

    async def _mark(self, batch: Batch) -> None:
        step = batch.steps[0]
        await self._count_start(batch)
        await positions.mark_probe(self._reader, (step.topic, step.partition), step.expected)

    def _fill(
        self, decision: BatchDecision[State], items: list[Understood | Unreadable], *, is_poison: bool
    ) -> None:
        for item in items:
            crashpoints.touches(item.record.headers)
            if is_poison:
                decision.poison(item)
            else:
                decision.take(item)

    def _overlay(self) -> Workspace[State] | None:
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
        self._metrics.committed(decision.tally, len(batch.records), time.perf_counter() - started)
        self._relay.written(outgoing, written, {s: [m for m, _ in ms] for s, ms in decision.messages.items()})
        return written

    async def _settle(self, behind: Batch | None = None) -> None:
        """Wait for the write under way; on a failure both batches are to be done again."""
        in_flight = self._in_flight
        if in_flight is None:
            return
        try:
            await in_flight.task
        except BaseException:
            self._redo.extendleft(batch for batch in (behind, in_flight.batch) if batch is not None)
            self._in_flight = None
            raise
        self._in_flight = None
        self._misses = 0
        in_flight.decision.workspace.forget_before()
        self._committed.update({(s.topic, s.partition): s.next for s in in_flight.batch.steps})
        self._finish(1)
        self._limiter.watch(in_flight.decision, self._intake)

    async def _redrive(self) -> None:
        if time.monotonic() - self._redriven_at > _REDRIVE_S:
            self._redriven_at = time.monotonic()
            await Redriver(self._reader, self._writer, self._tools, self._world).run()

    def _finish(self, batches: int) -> None:
        self._unfinished -= batches
        if self._unfinished == 0:
            self._is_drained.set()

    # What can go wrong

    async def _missed(self, miss: MissError) -> None:
        self._metrics.missed(miss.kind)
        self._misses += 1
        if self._misses > _MAX_MISSES:
            raise StopError(f"{self._misses} writes in a row were rolled back ({miss.kind})")
        if miss.kind == "offset_miss":
            await self._go_back("offset_miss", miss)

    async def _go_back(self, why: str, error: Exception) -> None:
        """Forget everything that was taken and start at the stored positions."""
        log("went_back", why=why, error=type(error).__name__)
        await self._abandon()
        await self._intake.restart()

    async def _abandon(self) -> None:
        if self._in_flight is not None:
            await asyncio.gather(self._in_flight.task, return_exceptions=True)
            self._in_flight = None
        self._redo.clear()
        self._finish(self._unfinished)

    async def _reconnect(self, error: BaseException) -> None:
        """The database went away: nobody knows whether the last write is stored, so ask its offsets."""
        log("database_lost", error=type(error).__name__)
        self._metrics.database_lost()
        await self._abandon()
        delay_s = 0.1
        while True:
            self._metrics.polled()
            for session in (self._reader, self._writer):
                session.terminate()
            try:
                await self.open()
                await self._intake.restart()
            except (*_LOST, asyncpg.PostgresError, KafkaError) as again:
                log("database_away", error=type(again).__name__)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, 2.0)
            else:
                log("database_back")
                return

    async def _count_start(self, batch: Batch) -> None:
        taken: dict[Position, Assigned] = {
            (step.topic, step.partition): Assigned(step.topic_id, step.expected) for step in batch.steps
        }
        await positions.count_starts(self._reader, taken)
        self._counted_generation = self._intake.generation

    async def _reload(self, versions: dict[str, int]) -> None:
        directory, clock = await reading.read_directory(self._reader), await reading.read_clock(self._reader)
        self._tools = replace(self._tools, directory=directory)
        self._world = replace(self._world, directory=directory, clock=clock)
        is_gap_accepted = bool(self._versions) and versions.get("offsets") != self._versions.get("offsets")
        self._versions = versions
        if is_gap_accepted:
            raise GapError("an operator accepted a gap")
