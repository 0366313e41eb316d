"""A member of a group that the broker once answered with an error joins again and takes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from hub.delivery.unreadable import ReadableBatches
from hub.embedded.stack import StackAddress
from hub.engine.intake.assigned import Assigned
from hub.engine.intake.consumer import Consumer
from hub.engine.intake.group import GroupListener
from hub.kafka import client as kafka
from hub.kafka.client import AIOKafkaConsumer, AIOKafkaProducer, KafkaError
from hub.kafka.log_inspector import Position
from hub.settings import KafkaSettings
from tests.support.stack import create_topic, kafka_admin, own_name
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long

UNKNOWN = -1


class Member:
    """Takes as an engine does, in a task of its own; `errors` are what it was told."""

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self.client = client
        self.consumer = Consumer(client, self._from_the_start, max_records=100, max_bytes=1 << 20)
        self.values: list[bytes | None] = []
        self.errors: list[KafkaError] = []
        self._taking: asyncio.Task[None] | None = None

    async def _from_the_start(self, wanted: Iterable[Position]) -> dict[Position, Assigned]:
        return {position: Assigned("id", 0) for position in wanted}

    async def drained(self) -> None:
        """Nothing is ever under way."""

    async def join(self, topic: str) -> None:
        self.client.subscribe([topic], listener=GroupListener(self.consumer, self.drained))
        await self.client.start()
        self._taking = asyncio.create_task(self._take_on())

    async def leave(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._taking
        await self.client.stop()

    async def _take_on(self) -> None:
        while True:
            try:
                batch = await self.consumer.take(20)
            except KafkaError as error:
                self.errors.append(error)
                continue
            if batch is not None:
                self.values.extend(record.value for record in batch.records)


def answer_wrongly_once(client: AIOKafkaConsumer, request_name: str) -> None:
    """The broker's next answer to a request of this name is an error that nobody expects."""
    coordinator = client._coordinator
    send = coordinator._send_req

    async def altered(request: Any) -> Any:
        response = await send(request)
        if type(request).__name__.startswith(request_name):
            coordinator._send_req = send
            return SimpleNamespace(error_code=UNKNOWN)
        return response

    coordinator._send_req = altered


@asynccontextmanager
async def member(settings: KafkaSettings, group: str, name: str, topic: str) -> AsyncIterator[Member]:
    one = Member(kafka.consumer(settings, name, group=group, instance=name, session_timeout_ms=6_000))
    await one.join(topic)
    try:
        yield one
    finally:
        await one.leave()


@asynccontextmanager
async def topic_with_a_record(
    address: StackAddress,
) -> AsyncIterator[tuple[KafkaSettings, str, AIOKafkaProducer]]:
    topic = own_name("in")
    await asyncio.to_thread(create_topic, kafka_admin(address), topic)
    user, password = address.kafka_admin_user, address.kafka_admin_password
    settings = KafkaSettings.model_validate(
        {"bootstrap": address.kafka_bootstrap, "user": user, "password": password}
    )
    producer = kafka.producer(settings, "writer")
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"1", partition=0)
        yield settings, topic, producer
    finally:
        await producer.stop()


def is_settled(*members: Member) -> bool:
    return all(member.consumer.group.is_stable for member in members)


async def test_while_partitions_are_shared_out(stack: StackAddress) -> None:
    async with (
        topic_with_a_record(stack) as (settings, topic, _),
        member(settings, topic, "a", topic) as first,
    ):
        await eventually(lambda: first.values == [b"1"], 20, "the record")
        answer_wrongly_once(first.client, "SyncGroup")
        async with member(settings, topic, "b", topic) as second:
            await eventually(lambda: len(first.errors) + len(second.errors) > 0, 20, "the error")
            await eventually(
                lambda: first.consumer.group.is_stable and second.consumer.group.is_stable,
                20,
                "a settled group",
            )
            assert len(first.client.assignment() | second.client.assignment()) == 1


async def test_of_a_member_that_has_no_partition(stack: StackAddress) -> None:
    async with (
        topic_with_a_record(stack) as (settings, topic, _),
        member(settings, topic, "a", topic) as first,
        member(settings, topic, "b", topic) as second,
    ):
        await eventually(lambda: first.values + second.values == [b"1"], 20, "the record")
        await eventually(lambda: is_settled(first, second), 20, "a settled group")
        idle, busy = (first, second) if second.client.assignment() else (second, first)
        assert not idle.client.assignment()
        answer_wrongly_once(idle.client, "Heartbeat")
        await eventually(lambda: bool(idle.errors), 20, "the error")
        assert busy.errors == []
        await busy.leave()
        await eventually(lambda: bool(idle.client.assignment()), 30, "the heir to have the partition")


async def test_of_an_adapter(stack: StackAddress) -> None:
    async def unwanted(*_: Any) -> None:
        raise AssertionError

    async with topic_with_a_record(stack) as (settings, topic, producer):
        client = kafka.consumer(settings, "post", group=topic, instance="post", offset_reset="earliest")
        client.subscribe([topic])
        await client.start()
        batches = ReadableBatches(lambda: client, unwanted, unwanted, max_records=10, wait_ms=100)
        errors: list[KafkaError] = []

        async def values() -> list[bytes | None]:
            async with within(20):
                while True:
                    try:
                        found = await batches.get(client)
                    except KafkaError as error:
                        errors.append(error)
                        continue
                    if found:
                        return [record.value for record in found]

        try:
            assert await values() == [b"1"]
            await client.commit()
            answer_wrongly_once(client, "Heartbeat")
            reading = asyncio.create_task(values())
            await eventually(lambda: bool(errors), 20, "the error")
            await producer.send_and_wait(topic, b"2", partition=0)
            assert await reading == [b"2"]
            assert len(errors) <= 2  # who waits is told, and who asks next
        finally:
            await client.stop()
