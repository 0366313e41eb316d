"""Who says that brokers take what is written: the next write is taken, after whatever outage."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.embedded import stack as embedded
from hub.embedded.process import free_port
from hub.embedded.stack import StackAddress
from hub.gateway.publishing import EventPublisher
from hub.kafka import client as kafka
from hub.kafka.client import AIOKafkaProducer, KafkaError, TopicAuthorizationFailedError, errors
from hub.kafka.producer import OutgoingRecord, Producer
from hub.settings import KafkaSettings
from tests.support.stack import create_topic, kafka_admin, own_name
from tests.support.waiting import eventually


@asynccontextmanager
async def producer(address: StackAddress, *, refused: int = 0) -> AsyncIterator[tuple[Producer, list[str]]]:
    """As the gateway has it, and two topics; so many of its renewals meet a port where nobody listens."""
    topics = [own_name("in"), own_name("in")]
    for topic in topics:
        await asyncio.to_thread(create_topic, kafka_admin(address), topic)
    dead = [f"127.0.0.1:{free_port(set())}"] * refused
    ports = [address.kafka_bootstrap, *dead]

    def make() -> AIOKafkaProducer:
        where = ports.pop(0) if ports else address.kafka_bootstrap
        user, password = address.kafka_admin_user, address.kafka_admin_password
        settings = {"bootstrap": where, "user": user, "password": password}
        return kafka.producer(KafkaSettings.model_validate(settings), "test")

    made = Producer(make, "gateway")
    await made.open()
    try:
        yield made, topics
    finally:
        await made.close()


async def write(made: Producer, topic: str, limit_s: float) -> str | None:
    try:
        await made.send(topic, [OutgoingRecord(b"key", b"{}")], limit_s)
    except (KafkaError, TimeoutError) as error:
        return type(error).__name__
    return None


def halt(home: Path, how: str) -> None:
    if how == "killed":
        embedded.stop_kafka(home, kill=True)
    else:
        os.kill(broker_pid(home), signal.SIGSTOP)


def bring_back(home: Path, how: str) -> None:
    if how == "killed":
        embedded.start_kafka(home)
    else:
        os.kill(broker_pid(home), signal.SIGCONT)


def broker_pid(home: Path) -> int:
    return next(server.pid for server in embedded.status(home) if server.server == "kafka" and server.pid)


async def takes(made: Producer) -> bool:
    return await made.trouble() is None


async def test_brokers_that_answer_are_not_ready_while_the_next_write_would_meet_a_renewal_that_fails(
    stack: StackAddress,
) -> None:
    async with producer(stack, refused=2) as (made, topics):
        with pytest.raises(errors.KafkaConnectionError):
            async with made.lane(topics[0]):
                raise errors.KafkaConnectionError
        assert await write(made, topics[0], 5) == "KafkaAwayError"
        renewing = asyncio.create_task(write(made, topics[0], 5))
        await asyncio.sleep(0)
        assert await made.do_brokers_answer()
        await eventually(lambda: takes(made), 20, "the brokers to take writes")
        assert await write(made, topics[0], 5) is None
        assert not made.failing
        await renewing


async def test_a_lane_that_is_refused_says_nothing_of_the_brokers(stack: StackAddress) -> None:
    async with producer(stack) as (made, topics):
        with pytest.raises(TopicAuthorizationFailedError):
            async with made.lane(topics[0]):
                raise TopicAuthorizationFailedError
        assert await made.trouble() is None
        assert [failing.lane for failing in made.failing] == [topics[0]]


async def test_a_producer_that_the_question_itself_renews_asks_for_no_restart(
    stack: StackAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The brokers were away for longer than a lane may be stuck, and are back: nobody has written since."""
    monkeypatch.setattr("hub.kafka.producer._STUCK_S", 0.5)
    async with producer(stack) as (made, topics):
        for pause_s in (0.6, 0.0):
            with pytest.raises(TimeoutError):
                async with made.lane(topics[0]):
                    raise TimeoutError
            await asyncio.sleep(pause_s)
        assert made.stuck() is not None
        assert await EventPublisher(made).stuck() is None
        assert await write(made, topics[0], 5) is None


@pytest.mark.long
@pytest.mark.parametrize(("how", "tries"), [("killed", 3), ("frozen", 2)])
async def test_the_first_write_after_the_word_that_brokers_take_it_is_taken(
    own_stack: tuple[Path, StackAddress], how: str, tries: int
) -> None:
    home, address = own_stack
    async with producer(address) as (made, topics):
        for topic in topics:
            assert await write(made, topic, 20) is None
        await asyncio.to_thread(halt, home, how)
        try:
            for _ in range(tries):
                assert await write(made, topics[0], 5) is not None
            assert await made.trouble(2) is not None
        finally:
            await asyncio.to_thread(bring_back, home, how)
        await eventually(lambda: takes(made), 40, "the brokers to take writes again")
        assert [await write(made, topic, 5) for topic in topics] == [None, None]
        assert not made.failing
