"""A consumer that has nothing to read asks the broker seldom, and sees the next record as soon as before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.embedded.stack import StackAddress
from hub.kafka import client as kafka
from hub.kafka.client import AIOKafkaConsumer, TopicPartition
from hub.settings import KafkaSettings
from tests.support.stack import create_topic, kafka_admin, own_name
from tests.support.waiting import eventually, within

SHORT_MS = 10


@asynccontextmanager
async def reader(address: StackAddress) -> AsyncIterator[tuple[AIOKafkaConsumer, str, KafkaSettings]]:
    """As an engine reads a topic from its beginning."""
    topic = own_name("in")
    await asyncio.to_thread(create_topic, kafka_admin(address), topic)
    user, password = address.kafka_admin_user, address.kafka_admin_password
    settings = KafkaSettings.model_validate(
        {"bootstrap": address.kafka_bootstrap, "user": user, "password": password}
    )
    consumer = kafka.consumer(settings, "reader", group=None, fetch_wait_ms=SHORT_MS)
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    try:
        yield consumer, topic, settings
    finally:
        await consumer.stop()


def waits_of(consumer: AIOKafkaConsumer) -> list[int]:
    """How long the broker may hold each fetch from now on, in milliseconds."""
    client, waits = consumer._client, list[int]()
    send = client.send

    async def noted(node: int, request: Any, *more: Any, **options: Any) -> Any:
        if type(request).__name__.startswith("FetchRequest"):
            waits.append(request._max_wait_ms)
        return await send(node, request, *more, **options)

    client.send = noted
    return waits


async def taken(consumer: AIOKafkaConsumer) -> list[bytes | None]:
    async with within(20):
        while True:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                return [record.value for record in records]


async def test_an_idle_reader_asks_seldom_until_something_comes(stack: StackAddress) -> None:
    async with reader(stack) as (consumer, topic, settings):
        waits = waits_of(consumer)
        await eventually(lambda: bool(waits) and waits[-1] > SHORT_MS, 10, "longer waits")
        begun = asyncio.get_running_loop().time()
        before = len(waits)
        await eventually(lambda: len(waits) - before >= 4, 10, "four idle fetches")
        assert asyncio.get_running_loop().time() - begun > 3 * 0.2  # each was held by the broker

        producer = kafka.producer(settings, "writer")
        await producer.start()
        try:
            for value in (b"1", b"2"):
                await producer.send_and_wait(topic, value, partition=0)
                before = len(waits)
                assert await taken(consumer) == [value]
                await eventually(lambda: SHORT_MS in waits[before:], 10, "a short wait")  # noqa: B023
        finally:
            await producer.stop()
