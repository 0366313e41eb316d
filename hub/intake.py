"""Batches of raw records from the `in.` topics: fair, with dense offsets, from the stored positions on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.envelope import Record
from hub.kafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, KafkaError, TopicPartition
from hub.store.writing import OffsetStep

PROBE_AFTER = 3
"""Starts at the same place after which records are taken one by one, each marked before it is touched."""
POISON_AFTER = 5
"""Starts at the same place after which the marked record is taken for the one that kills."""

Position = tuple[str, int]
"""A partition: topic and number."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A partition of ours: its topic's id, the next offset to take, and how often processes died at it."""

    topic_id: str
    next: int
    starts: int = 0
    marked: int | None = None

    @property
    def is_probing(self) -> bool:
        """Whether its next record is taken alone: processes have died at this place."""
        return self.starts >= PROBE_AFTER


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order of their partitions, and how far each partition comes with them."""

    records: Sequence[Record]
    steps: Sequence[OffsetStep]
    is_probe: bool = False
    is_poison: bool = False


Load = Callable[[Iterable[Position]], Awaitable[dict[Position, Assigned]]]
"""Positions from the store, checked against the log; partitions that are stopped are left out."""
Drain = Callable[[], Awaitable[None]]
"""Waits (with a limit) until what was taken is committed or given up."""


async def _nothing() -> None:
    return None


class GapError(Exception):
    """The broker handed out an offset that is not the next one."""


class Intake(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no type hints
    """Reads the assigned partitions; the engine takes one batch at a time."""

    def __init__(self, consumer: AIOKafkaConsumer, load: Load, *, max_records: int, max_bytes: int) -> None:
        self._consumer = consumer
        self._load = load
        self.drain: Drain = _nothing
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._assigned: dict[Position, Assigned] = {}
        self._left: dict[TopicPartition, list[ConsumerRecord]] = {}
        self._is_stable = asyncio.Event()
        self._is_stable.set()
        self._set_aside: dict[str, float] = {}
        self.generation = 0
        self.rebalances = 0

    # The group

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002  a callback
        """Blocks the rebalance until what was taken is committed, so that the next owner starts behind it."""
        self._is_stable.clear()
        self.rebalances += 1
        self.generation += 1
        await self.drain()
        self._assigned = {}
        self._left = {}

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start where the store says."""
        try:
            await self._seek_to_store([(tp.topic, tp.partition) for tp in assigned])
        finally:
            self._is_stable.set()

    def set_aside(self, topic: str, until: float) -> None:
        """Take nothing of a topic until the given time of `time.monotonic()`: its owner sends garbage."""
        self._set_aside[topic] = until

    async def restart(self) -> None:
        """Go back to the stored positions of all partitions: after a miss, a gap or a client's error."""
        self.generation += 1
        await self._seek_to_store([(tp.topic, tp.partition) for tp in self._consumer.assignment()])

    async def _seek_to_store(self, positions: list[Position]) -> None:
        self._left = {}
        loaded = await self._load(positions)
        for topic, number in positions:
            tp = TopicPartition(topic, number)
            if tp not in self._consumer.assignment():
                continue
            if (topic, number) in loaded:
                self._consumer.seek(tp, loaded[(topic, number)].next)
                self._consumer.resume(tp)
            else:
                self._consumer.pause(tp)
        self._assigned = loaded

    @property
    def assigned(self) -> frozenset[Position]:
        """The partitions that are read now."""
        return frozenset(self._assigned)

    def topic_ids(self) -> dict[Position, str]:
        """Topic ids of the partitions that are read now."""
        return {position: assigned.topic_id for position, assigned in self._assigned.items()}

    # Batches

    async def take(self, wait_ms: int) -> Batch | None:
        """The next batch, or None when nothing came in time; raises `GapError` and what aiokafka raises."""
        await self._is_stable.wait()
        generation = self.generation
        probing = next((p for p, a in self._assigned.items() if a.is_probing), None)
        if probing is not None:
            return await self._probe(probing, wait_ms)
        fetched = await self._fetch(wait_ms)
        if generation != self.generation or not fetched:
            return None
        return self._batch(fetched)

    async def _probe(self, position: Position, wait_ms: int) -> Batch | None:
        tp = TopicPartition(*position)
        fetched = await self._consumer.getmany(tp, timeout_ms=wait_ms, max_records=1)
        if not fetched or position not in self._assigned:
            return None
        assigned = self._assigned[position]
        is_poison = assigned.starts >= POISON_AFTER and assigned.marked == assigned.next
        batch = self._batch(fetched)
        return Batch(batch.records, batch.steps, is_probe=True, is_poison=is_poison)

    async def _fetch(self, wait_ms: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        if self._left:
            fetched, self._left = self._left, {}
            return self._cut(fetched)
        now = time.monotonic()
        self._set_aside = {topic: until for topic, until in self._set_aside.items() if until > now}
        partitions = [
            TopicPartition(*position) for position in self._assigned if position[0] not in self._set_aside
        ]
        if not partitions:
            await asyncio.sleep(wait_ms / 1000)
            return {}
        first = await self._consumer.getmany(*partitions, timeout_ms=wait_ms, max_records=1)
        fetched = {tp: list(records) for tp, records in first.items()}
        if fetched:
            await self._fill(fetched, partitions)
        return self._cut(fetched)

    async def _fill(
        self, fetched: dict[TopicPartition, list[ConsumerRecord]], ready: list[TopicPartition]
    ) -> None:
        """Take what is buffered, each partition its share, until the batch is full or nothing is left."""
        room = self._max_records - 1
        while room > 0 and ready:
            share = max(1, room // len(ready))
            still_ready = []
            for tp in ready:
                more = (await self._consumer.getmany(tp, timeout_ms=0, max_records=min(share, room))).get(
                    tp, []
                )
                if more:
                    fetched.setdefault(tp, []).extend(more)
                    room -= len(more)
                if len(more) == share:
                    still_ready.append(tp)
                if room <= 0:
                    return
            ready = still_ready

    def _cut(
        self, fetched: dict[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Keep at most `max_bytes`; what is over stays for the next batch."""
        taken: dict[TopicPartition, list[ConsumerRecord]] = {}
        size = 0
        for tp, records in fetched.items():
            for number, record in enumerate(records):
                size += len(record.value or b"")
                if size > self._max_bytes and taken:
                    self._left[tp] = records[number:]
                    break
                taken.setdefault(tp, []).append(record)
        return taken

    def _batch(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> Batch:
        records: list[Record] = []
        steps: list[OffsetStep] = []
        for tp, partition_records in fetched.items():
            position = (tp.topic, tp.partition)
            assigned = self._assigned[position]
            expected = assigned.next
            for record in partition_records:
                if record.offset != expected:
                    raise GapError(f"{tp.topic}-{tp.partition}: offset {record.offset} instead of {expected}")
                expected += 1
            records.extend(partition_records)
            steps.append(OffsetStep(tp.topic, tp.partition, assigned.topic_id, assigned.next, expected))
            self._assigned[position] = Assigned(assigned.topic_id, expected)
        return Batch(records, steps)


__all__ = ["Assigned", "Batch", "GapError", "Intake", "KafkaError", "Position"]
