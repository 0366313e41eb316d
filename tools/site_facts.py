"""The last facts, as the page of `make up` reads them from the broker; never their contents."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from hub.kafka import client as kafka
from hub.logs import log
from hub.settings import KafkaSettings

FACTS_TOPIC = "dossier.facts"
_KEPT = 12
_STALE_S = 30.0
_READ_MS = 1000
_AGAIN_S = 2.0


class Flow:
    """The last facts, oldest first."""

    def __init__(self) -> None:
        self.last: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.read_at = time.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Whether the broker was read lately."""
        return time.monotonic() - self.read_at < _STALE_S


def shown_of(record: kafka.ConsumerRecord) -> dict[str, str]:
    """What is shown of a fact: type, time, id of the dossier (pure)."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    return {
        "type": headers.get("ce_type", "?"),
        "time": headers.get("ce_time", "?"),
        "dossier": (record.key or b"?").decode("utf-8", "replace"),
    }


async def follow(settings: KafkaSettings, flow: Flow) -> None:
    """Read the facts from near their end on; begins again when the broker was away."""
    topic = settings.prefix + FACTS_TOPIC
    is_first = True
    while True:
        consumer = kafka.consumer(settings, "page", group=None, offset_reset="latest", fetch_wait_ms=500)
        try:
            await consumer.start()
            places = await kafka.partitions_of(consumer, topic)
            consumer.assign(places)
            if is_first:
                await _go_back(consumer, places)
                is_first = False
            while True:
                got = await consumer.getmany(timeout_ms=_READ_MS)
                records = [record for part in got.values() for record in part]
                for record in sorted(records, key=lambda record: int(record.timestamp)):
                    flow.last.append(shown_of(record))
                flow.read_at = time.monotonic()
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            log("page_waits", error=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)
        finally:
            await consumer.stop()


async def _go_back(consumer: kafka.AIOKafkaConsumer, places: list[kafka.TopicPartition]) -> None:
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, max(starts[place], ends[place] - _KEPT))
