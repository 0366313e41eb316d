"""What goes right: take a batch, decide it on one read, write it while the next one is decided."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hub import crashpoints
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.isolate_failures import Attempts, Items
from hub.engine.decide.known import KnownDossiers
from hub.engine.decide.unit_of_work import UnitOfWork, View
from hub.engine.errors import CodesMissingError, MissError
from hub.engine.intake.assigned import Batch
from hub.engine.intake.brakes import Limiter
from hub.engine.intake.consumer import Consumer
from hub.engine.intake.crash_loop import Starts, poisonous
from hub.engine.memory import Memory
from hub.engine.observe.metrics import EngineMetrics
from hub.engine.write import reading
from hub.engine.write.connections import Connections
from hub.engine.write.writing import write_batch
from hub.inbound.authorise import Authorised, Unreadable, authorise
from hub.inbound.envelope import Record
from hub.kafka.log_inspector import Position
from hub.logs import log
from hub.outbox.relay import Relay
from hub.outbox.segments import Written

_IDLE_WAIT_MS = 100
_FULL_WAIT_S = 0.05
_DRAIN_S = 10.0


OnCommitted = Callable[[Batch, BatchDecision], None]
"""Told of each batch that is in the store."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """The batch whose write is under way; `is_overlaid`: it was decided on one that was not yet stored."""

    batch: Batch
    decision: BatchDecision
    task: asyncio.Task[Written]
    is_overlaid: bool


class Pipeline:
    """Its depth is one: one write under way, one batch decided behind it."""

    def __init__(
        self, connections: Connections, memory: Memory, consumer: Consumer, relay: Relay,
        metrics: EngineMetrics, limiter: Limiter, on_committed: OnCommitted, outbox_limit: int,
        known: KnownDossiers,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._memory = memory
        self._consumer = consumer
        self._relay = relay
        self._metrics = metrics
        self._limiter = limiter
        self._on_committed = on_committed
        self._outbox_limit = outbox_limit
        self._known = known
        self._starts = Starts(consumer.probe_width)
        self._in_flight: InFlight | None = None
        self._redo: deque[Batch] = deque()  # taken, and to be decided (again) before anything newer
        self._unfinished = 0  # batches that were taken, and are neither committed nor given up
        self._is_taking = False
        self._committed: dict[Position, int] = {}
        self.taken = 0  # batches, since the start
        self.settled = 0  # batches that are in the store, since the start

    def committed(self) -> dict[Position, int]:
        """The offset up to which each partition was committed by this process."""
        return dict(self._committed)

    async def round(self) -> bool:
        """Decide one batch behind the write under way, and start its write; False when nothing came."""
        batch = self._redo.popleft() if self._redo else await self._take()
        if batch is None:
            await self.settle()
            return False
        is_overlaid = self._overlay() is not None
        try:
            decision = await self._decide(batch)
        except BaseException:
            self._redo.appendleft(batch)
            raise
        await self.settle(behind=batch)
        task = asyncio.create_task(self._write(batch, decision))
        self._in_flight = InFlight(batch, decision, task, is_overlaid)
        await asyncio.sleep(0)  # it is on its way before the next batch is taken
        if batch.is_probe:
            await self.settle()
        return True

    async def settle(self, behind: Batch | None = None) -> None:
        """Wait for the write under way; on a failure both batches are to be done again."""
        in_flight = self._in_flight
        if in_flight is None:
            return
        try:
            await in_flight.task
        except BaseException as error:
            if isinstance(error, MissError):
                self._known.doubt()
                if in_flight.is_overlaid and error.kind == "head_miss":
                    self._metrics.overlay_misses.inc()
            self._redo.extendleft(batch for batch in (behind, in_flight.batch) if batch is not None)
            self._in_flight = None
            raise
        self._in_flight = None
        self.settled += 1
        in_flight.decision.workspace.forget_before()
        self._known.keep(in_flight.decision.workspace)
        self._committed.update({(s.topic, s.partition): s.next for s in in_flight.batch.steps})
        self._unfinished -= 1
        self._limiter.watch(in_flight.decision, self._consumer.pauses)
        self._on_committed(in_flight.batch, in_flight.decision)

    async def abandon(self) -> None:
        """Forget all that was taken: it is taken again from the stored positions."""
        if self._in_flight is not None:
            await asyncio.gather(self._in_flight.task, return_exceptions=True)
            self._in_flight = None
        self.forget()
        self._redo.clear()
        self._unfinished = 0

    def forget(self) -> None:
        """Something else than a batch has written: the store is read anew."""
        self._known.forget()

    async def drained(self) -> None:
        """Wait until everything taken is committed or given up; at most 10 s."""
        try:
            async with asyncio.timeout(_DRAIN_S):
                while self._unfinished and not (self._is_taking and self._in_flight is None):
                    if self._is_taking and self._in_flight is not None:
                        await asyncio.wait([self._in_flight.task])
                        return
                    await asyncio.sleep(0.005)
        except TimeoutError:
            log("drain_timeout", unfinished=self._unfinished)

    async def _take(self) -> Batch | None:
        self._metrics.polled()
        if self._relay.backlog >= self._outbox_limit:
            await asyncio.sleep(_FULL_WAIT_S)
            return None
        if self._consumer.is_stale:
            await self.settle()
        wait_ms = 1 if self._in_flight is not None else _IDLE_WAIT_MS
        self._is_taking = True
        try:
            batch = await self._consumer.take(wait_ms)
        finally:
            self._is_taking = False
        if batch is not None:
            self._unfinished += 1
            self.taken += 1
        return batch

    async def _decide(self, batch: Batch) -> BatchDecision:
        reader = self._connections.reader
        store_key = self._memory.tools.master.store
        await self._starts.announce(reader, batch, self._consumer.group.generation, store_key)
        items, before, view = await self._look_up(batch)
        tools = self._memory.tools
        await tools.copies.bring(items, tools.rules, reader, view)
        await tools.sources.bring(items, reader, tools.master.store)
        attempts = Attempts(items, lambda: self._authorise(batch))
        letters = self._in_flight.decision.letters if self._in_flight is not None else {}

        def from_the_start() -> BatchDecision:
            tools.codes.take_back()
            return BatchDecision(str(uuid.uuid4()), tools, view, before, letters)

        tools.codes.keep()
        while True:
            try:
                decision = attempts.go_on(from_the_start)
            except CodesMissingError as missing:
                await self._memory.lease(missing)
            else:
                if decision is not None:
                    return decision
                await asyncio.sleep(0)  # the write under way and the relay go on meanwhile

    async def _look_up(self, batch: Batch) -> tuple[Items, UnitOfWork | None, View]:
        """What is not known is read; all of it anew when the configuration has moved.

        The overlay is taken before the read: what is written between the two is in either of them.
        """
        while True:
            items, before = self._authorise(batch), self._overlay()
            sought = self._known.sought(items, before)
            self._metrics.look_ups.labels("read" if sought.must_read else "known").inc()
            if not sought.must_read:
                return items, before, sought.view(None, self._memory.versions)
            store = self._memory.tools.master.store
            read = await reading.read_batch(self._connections.reader, sought.wanted, store)
            if not await self._memory.refresh(read.versions):
                return items, before, sought.view(read.view, {})
            self._known.forget()

    def _authorise(self, batch: Batch) -> Items:
        if self._starts.is_poison(batch):
            return [poisonous(record, self._memory.world) for record in batch.records]
        for record in batch.records:
            crashpoints.touches(record.headers)
        return [self._authorised(record) for record in batch.records]

    def _authorised(self, record: Record) -> Authorised | Unreadable:
        try:
            return authorise(record, self._memory.world)
        except Exception as error:  # noqa: BLE001  a bug costs this record, never the partition
            log("record_failed", topic=record.topic, offset=record.offset, error=type(error).__name__)
            return poisonous(record, self._memory.world)

    def _overlay(self) -> UnitOfWork | None:
        return self._in_flight.decision.workspace if self._in_flight is not None else None

    async def _write(self, batch: Batch, decision: BatchDecision) -> Written:
        crashpoints.reached("before_commit")
        outgoing = self._relay.outgoing()
        tools = self._memory.tools
        started = time.perf_counter()
        try:
            written = await write_batch(
                self._connections.writer, decision, batch.steps, outgoing,
                dump=tools.rules.dump, shards=tools.shards,
            )  # fmt: skip
        except BaseException:
            self._relay.not_written(outgoing)
            raise
        crashpoints.reached("after_commit")
        for error in decision.untrusted:
            self._metrics.untrusted_row(error)
        self._metrics.committed(decision.tally, len(batch.records), time.perf_counter() - started)
        messages = {shard: [m for m, _ in both] for shard, both in decision.messages.items()}
        self._relay.written(outgoing, written, messages, batch.received_ms)
        return written
