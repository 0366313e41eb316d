"""What the broker says of the `in.` topics: ids, first and next offsets. A consumer without group asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.intake import Position
from hub.kafka import AIOKafkaConsumer, TopicPartition
from hub.kafka_admin import KafkaAdmin
from hub.store.positions import LogEnds


class LogObserver:
    """Asks, never reads."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: KafkaAdmin, prefix: str) -> None:
        self._consumer = consumer
        self._admin = admin
        self._prefix = prefix

    async def ends(self, positions: Iterable[Position]) -> dict[Position, LogEnds]:
        """Topic id and both ends of each partition that exists."""
        wanted = list(positions)
        if not wanted:
            return {}
        ids = await asyncio.to_thread(self._admin.topic_ids, sorted({topic for topic, _ in wanted}))
        known = [TopicPartition(*position) for position in wanted if position[0] in ids]
        starts = await self._consumer.beginning_offsets(known)
        ends = await self._consumer.end_offsets(known)
        return {
            (tp.topic, tp.partition): LogEnds(ids[tp.topic], starts[tp], ends[tp])
            for tp in known
            if tp in starts and tp in ends
        }

    async def received(self) -> dict[Position, int]:
        """End offsets of all `in.` partitions of participants, as of now."""
        own = f"{self._prefix}in."
        topics = [
            name for name in await self._consumer.topics() if name.startswith(own) and name != f"{own}hub"
        ]
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        if not partitions:
            return {}
        ends = await self._consumer.end_offsets(partitions)
        return {(tp.topic, tp.partition): offset for tp, offset in ends.items()}
