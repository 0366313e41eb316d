"""Sees what happens to the `in.` topics that are read: deleted, made again, or given other settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hub.engine.intake.consumer import Consumer
from hub.kafka.client import AIOKafkaConsumer
from hub.kafka.log_inspector import LogObserver
from hub.logs import log

_WATCH_S = 2.0


@dataclass(slots=True)
class Unread:
    """Topics from which nothing is taken now because of their settings, with the reason."""

    reasons: dict[str, str] = field(default_factory=dict)


class TopicWatch:
    """The client would just read on in a topic that was made again, and in one that stamps no times."""

    def __init__(
        self, consumer: AIOKafkaConsumer, intake: Consumer, observer: LogObserver, unread: Unread
    ) -> None:
        self._consumer = consumer
        self._intake = intake
        self._observer = observer
        self._seen: dict[str, str] = {}
        self._unread = unread

    async def step(self) -> None:
        """Compare ids with the stored ones and with the last look, and settings with what is not read."""
        await asyncio.sleep(_WATCH_S)
        topics = {tp.topic for tp in self._consumer.assignment()}
        ids = await self._observer.topic_ids(topics)
        expected = self._intake.topic_ids()
        is_moved = any(self._seen.get(topic, found) != found for topic, found in ids.items())
        if is_moved or any(ids.get(topic) != stored for topic, stored in expected.items()):
            log("topic_changed")
            self._intake.doubt()
        self._seen |= ids
        if await self._observer.reasons_to_stop(topics) != self._unread.reasons:
            log("topic_settings_changed")
            self._intake.doubt()
