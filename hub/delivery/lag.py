"""How far the adapter is behind on its topic, and what was gone from the log before it was read."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from hub.delivery.context import AdapterContext
from hub.delivery.gaps import note_gap
from hub.kafka.client import AIOKafkaConsumer, KafkaError, TopicPartition, partitions_of
from hub.process.queue_age import Queue

_log = logging.getLogger(__name__)
_ASK_S = 10.0


class AdapterLag:
    """Asks with consumers that know the group's offsets and never join it."""

    def __init__(self, parts: AdapterContext, new_consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self._parts = parts
        self._new_consumer = new_consumer
        self._queues: dict[int, Queue] = {}
        self._told: set[tuple[int, int]] = set()

    async def check_start(self) -> None:
        """Before the adapter reads: note what is gone, and let the group begin behind it."""
        async with _started(self._new_consumer()) as consumer:
            gone = await self._look(consumer)
            if gone:
                consumer.assign(list(gone))
                with suppress(
                    KafkaError
                ):  # another process of the group is there, and begins behind it anyway
                    await consumer.commit(gone)

    async def run(self) -> None:
        """Look until stopped; a broker that is away is waited for."""
        parts = self._parts
        async with _started(self._new_consumer()) as consumer:
            while not parts.stop.is_set():
                try:
                    await self._look(consumer)
                except (KafkaError, TimeoutError) as error:
                    reason = type(error).__name__
                    _log.warning("lag not known", extra={"action": "delivery.lag_unknown", "reason": reason})
                await parts.lag.wait(parts.options.gauges_s)

    async def _look(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Set the gauges and note new gaps; returns where partitions with a gap begin."""
        async with asyncio.timeout(_ASK_S):
            partitions = await partitions_of(consumer, self._parts.out_topic)
            starts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            read = {tp: await consumer.committed(tp) or 0 for tp in partitions}
        gone = {tp: starts[tp] for tp in partitions if starts[tp] > read[tp]}
        for tp, start in gone.items():
            if (tp.partition, start) not in self._told:
                self._told.add((tp.partition, start))
                await note_gap(self._parts, tp, read[tp], start)
        self._show({tp.partition: (max(read[tp], starts[tp]), ends[tp]) for tp in partitions})
        count = await self._parts.patiently("delivery.gaps", self._parts.store.messages_gone)
        self._parts.metrics.messages_gone.labels(self._parts.name).set(count)
        return gone

    def _show(self, places: dict[int, tuple[int, int]]) -> None:
        metrics, labels = self._parts.metrics, (self._parts.group, self._parts.out_topic)
        now, ages = time.monotonic(), [0.0]
        for number, (read, end) in places.items():
            queue = self._queues.setdefault(number, Queue())
            ages.append(queue.age_s(now, read if read < end else None, end - 1))
        metrics.lag.labels(*labels).set(sum(end - read for read, end in places.values()))
        metrics.lag_seconds.labels(*labels).set(max(ages))


@asynccontextmanager
async def _started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
