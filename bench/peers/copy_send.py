"""Copy loop: 500 records, `send()` each to the same partition, wait for all, commit the batch."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.peers.clients import run
from bench.peers.place import BATCH, Place


async def copy(
    place: Place, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, stop: asyncio.Event
) -> None:
    """Nothing is read of the records."""
    while not stop.is_set():
        fetched = await consumer.getmany(timeout_ms=100, max_records=BATCH)
        sent = [
            await producer.send(place.output, record.value, key=record.key, headers=list(record.headers))
            for records in fetched.values()
            for record in records
        ]
        if sent:
            await asyncio.gather(*sent)
            await consumer.commit()


if __name__ == "__main__":
    run(copy)
