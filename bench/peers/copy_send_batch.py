"""Copy loop: 500 records, one `send_batch()` per partition, wait for all, commit the batch."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from bench.peers.clients import run
from bench.peers.place import BATCH, Place


async def copy(
    place: Place, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, stop: asyncio.Event
) -> None:
    """The cheapest way of aiokafka to write; a partition's records go to the partition of the same number."""
    while not stop.is_set():
        fetched = await consumer.getmany(timeout_ms=100, max_records=BATCH)
        if not fetched:
            continue
        acknowledgements: list[Any] = []
        for source, records in fetched.items():
            acknowledgements += await send(producer, place.output, source.partition, records)
        await asyncio.gather(*acknowledgements)
        await consumer.commit()


async def send(
    producer: AIOKafkaProducer, topic: str, partition: int, records: list[ConsumerRecord]
) -> list[Any]:
    """Hand over records of one partition; returns what is to be awaited."""
    acknowledgements = []
    batch = producer.create_batch()
    for record in records:
        headers = list(record.headers)
        while batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
            batch.close()
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
    batch.close()
    acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    return acknowledgements


if __name__ == "__main__":
    run(copy)
