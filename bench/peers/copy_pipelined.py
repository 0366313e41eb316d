"""Copy loop: `send()` without waiting for the batch before, four under way, commit once a second."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.peers.clients import run
from bench.peers.place import BATCH, Place

_DEPTH = 4
_COMMIT_S = 1.0


async def copy(
    place: Place, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, stop: asyncio.Event
) -> None:
    """Only offsets of acknowledged batches are committed."""
    under_way: deque[tuple[asyncio.Future[Any], dict[TopicPartition, int]]] = deque()
    done: dict[TopicPartition, int] = {}
    committed_at = time.monotonic()
    while not stop.is_set():
        fetched = await consumer.getmany(timeout_ms=100, max_records=BATCH)
        sent = [
            await producer.send(place.output, record.value, key=record.key, headers=list(record.headers))
            for records in fetched.values()
            for record in records
        ]
        if sent:
            ends = {partition: records[-1].offset + 1 for partition, records in fetched.items()}
            under_way.append((asyncio.gather(*sent), ends))
        while under_way and (under_way[0][0].done() or len(under_way) > _DEPTH or not sent):
            acknowledged, ends = under_way.popleft()
            await acknowledged
            done |= ends
        if done and time.monotonic() - committed_at > _COMMIT_S:
            await consumer.commit(done)
            done, committed_at = {}, time.monotonic()


if __name__ == "__main__":
    run(copy)
