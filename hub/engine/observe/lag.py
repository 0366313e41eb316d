"""How far the partitions of this process are behind: in records, in seconds, and against their retention."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hub.kafka.client import AIOKafkaConsumer
from hub.kafka.log_inspector import LogEnds, LogObserver, Position

_RETENTION_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class TopicLag:
    """One topic: what is not processed yet, since when it waits, and what share of its retention that is."""

    records: int
    seconds: float
    retention_ratio: float


class PartitionLag:
    """Looks at the logs; single records are read only where something waits since the last look."""

    def __init__(self, observer: LogObserver, consumer: AIOKafkaConsumer) -> None:
        self._observer = observer
        self._consumer = consumer
        self._before: Mapping[Position, LogEnds] = {}
        self._retention: dict[str, int] = {}
        self._retention_at = float("-inf")

    async def look(
        self, done: Mapping[Position, int], readable: Mapping[Position, int]
    ) -> dict[str, TopicLag]:
        """Each topic of this process, stopped partitions included.

        `done` are the stored next offsets, `readable` the first ones behind bytes that cannot be read.
        """
        ends = await self._observer.ends((tp.topic, tp.partition) for tp in self._consumer.assignment())
        waiting = waits_since({**done, **readable}, ends, self._before)
        self._before = ends
        times = await self._observer.received_at(waiting) if waiting else {}
        if waiting:
            await self._learn_retention({topic for topic, _ in ends})
        return topic_lags(done, ends, times, self._retention, int(time.time() * 1000))

    async def _learn_retention(self, topics: set[str]) -> None:
        if topics <= self._retention.keys() and time.monotonic() < self._retention_at + _RETENTION_EVERY_S:
            return
        settings = await self._observer.topic_settings(topics)
        self._retention = {topic: int(values["retention.ms"]) for topic, values in settings.items()}
        self._retention_at = time.monotonic()


def waits_since(
    done: Mapping[Position, int], ends: Mapping[Position, LogEnds], before: Mapping[Position, LogEnds]
) -> dict[Position, int]:
    """The next offset of partitions that have not come to where their log ended at the last look (pure)."""
    waiting: dict[Position, int] = {}
    for position, log in ends.items():
        following = max(done.get(position, 0), log.start)
        if position in before and following < min(before[position].end, log.end):
            waiting[position] = following
    return waiting


def topic_lags(
    done: Mapping[Position, int],
    ends: Mapping[Position, LogEnds],
    received_at: Mapping[Position, int],
    retention_ms: Mapping[str, int],
    now_ms: int,
) -> dict[str, TopicLag]:
    """The lag of each topic, its records summed and the oldest of its partitions (pure)."""
    lags: dict[str, TopicLag] = {}
    for position, log in ends.items():
        topic = position[0]
        before = lags.get(topic, TopicLag(0, 0.0, 0.0))
        age_ms = max(0, now_ms - received_at.get(position, now_ms))
        kept_ms = retention_ms.get(topic, -1)
        lags[topic] = TopicLag(
            before.records + max(0, log.end - done.get(position, 0)),
            max(before.seconds, age_ms / 1000),
            max(before.retention_ratio, age_ms / kept_ms if kept_ms > 0 else 0.0),
        )
    return lags
