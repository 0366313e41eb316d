"""aiokafka clients of the peers: idempotent, acks=all, the fetch sizes of the hub's own consumer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.peers.place import Place

Loop = Callable[[Place, AIOKafkaConsumer, AIOKafkaProducer, asyncio.Event], Awaitable[None]]


def run(loop: Loop) -> None:
    """Run a peer's loop on uvloop until SIGTERM."""
    uvloop.run(_run(loop))


async def _run(loop: Loop) -> None:
    place = Place.of_environment()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    consumer = AIOKafkaConsumer(
        *place.inputs,
        group_id=place.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=10,
        fetch_max_bytes=16 << 20,
        max_partition_fetch_bytes=4 << 20,
        session_timeout_ms=30_000,
        **place.aiokafka(),
    )
    producer = AIOKafkaProducer(
        enable_idempotence=True, acks="all", linger_ms=0, max_batch_size=1 << 20, **place.aiokafka()
    )
    await producer.start()
    await consumer.start()
    try:
        await loop(place, consumer, producer, stop)
    finally:
        await consumer.stop()
        await producer.stop()
