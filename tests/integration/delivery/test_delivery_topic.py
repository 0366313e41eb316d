"""What an adapter's topic may bring: a newer version of a message, and messages that are gone unread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from hub.embedded.stack import StackAddress
from hub.errors import StopError
from tests.support.delivery_worlds import LIMIT_S, PREFIX, World, delivery_world, run, running, until
from tests.support.fake_counterpart import EFFECT_TYPE
from tests.support.stack import kafka_admin
from tests.support.waiting import within


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_a_message_of_a_newer_version_stops_the_adapter_and_waits_for_the_newer_one(
    world: World, stack: StackAddress
) -> None:
    newer = EFFECT_TYPE.replace(".v1", ".v2")
    await world.send(1, type_=newer)
    async with within(LIMIT_S):
        with pytest.raises(ExceptionGroup) as caught:
            await run(world, asyncio.Event())
    stop = caught.value.exceptions[0]
    assert isinstance(stop, StopError)
    assert newer in str(stop)
    assert await world.pool.fetchval("select count(*) from delivery") == 0
    assert await world.pool.fetchval("select count(*) from delivery_poison") == 0
    assert await asyncio.to_thread(committed, stack, f"{PREFIX}{world.name}") == set()


async def test_messages_that_retention_took_before_they_were_read_are_counted_until_they_are_replayed(
    world: World, stack: StackAddress
) -> None:
    await world.send(1)
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])
    for number in (2, 3, 4):
        await world.send(number)
    topic = f"{PREFIX}out.{world.name}"
    await asyncio.to_thread(delete_all, stack, topic)
    async with running(world):
        await until(lambda: world.metric("hub_adapter_messages_gone") == 3)
        await world.send(5)
        await until(lambda: world.effects() == ["m-1", "m-5"])
        await until(lambda: lag(world) == 0)
    async with running(world):
        await until(lambda: lag(world) == 0)
    rows = await world.pool.fetch("select topic, next - first as messages from delivery_gap")
    assert [tuple(row) for row in rows] == [(topic, 3)]
    await world.pool.execute("delete from delivery_gap")
    async with running(world):
        await until(lambda: world.metric("hub_adapter_messages_gone") == 0)


async def test_messages_that_are_gone_while_the_adapter_runs_are_told_by_the_reader_itself(
    world: World, stack: StackAddress
) -> None:
    """Nobody else looks meanwhile; the reader is held up for a moment."""
    most = 20
    async with running(world, gauges_s=60):
        await world.send(1)
        await until(lambda: world.effects() == ["m-1"])
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table delivery in exclusive mode")
            for number in range(2, most + 1):
                await world.send(number)
            await asyncio.to_thread(delete_all, stack, f"{PREFIX}out.{world.name}")
        await world.send(most + 1)
        await until(lambda: f"m-{most + 1}" in world.effects())
        gone = await world.pool.fetchval("select coalesce(sum(next - first), 0) from delivery_gap")
    assert gone > 0
    assert gone + len(world.effects()) == most + 1


def delete_all(stack: StackAddress, topic: str) -> None:
    """As retention does."""
    everything = [TopicPartition(topic, number, -1) for number in (0, 1)]
    admin = kafka_admin(stack)
    for done in admin.delete_records(everything).values():
        done.result(10)


def committed(stack: StackAddress, group: str) -> set[int]:
    """Offsets up to which the group has read."""
    asked = kafka_admin(stack)
    answer = asked.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(10)
    return {place.offset for place in answer.topic_partitions}


def lag(world: World) -> float | None:
    labels = {"group": f"{PREFIX}{world.name}", "topic": f"{PREFIX}out.{world.name}"}
    return world.registry.get_sample_value("hub_consumer_lag_records", labels)


async def test_the_lag_of_an_adapter_is_what_it_has_not_stored_yet(world: World) -> None:
    async with world.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("lock table delivery in exclusive mode")
        async with running(world):
            for number in (1, 2, 3):
                await world.send(number)
            await until(lambda: lag(world) == 3)
            await transaction.rollback()
            await until(lambda: lag(world) == 0)


async def test_a_message_on_which_the_adapter_fails_is_set_aside_and_the_others_are_delivered(
    world: World,
) -> None:
    world.counterpart.unfit = {"onestop.effect.odd.v1"}
    await world.send(1)
    await world.send(2, type_="onestop.effect.odd.v1")
    await world.send(3, "d-2")
    async with running(world):
        await until(lambda: sorted(world.effects()) == ["m-1", "m-3"])
    (row,) = await world.pool.fetch("select why, value from delivery_poison")
    assert (row["why"], row["value"]) == ("bug:RuntimeError", b'{"wanted":true}')


async def test_an_answer_that_cannot_be_stored_costs_its_delivery_and_no_other(world: World) -> None:
    world.counterpart.faults["m-1"] = ["odd_answer"]
    await world.send(1)
    await world.send(2, "d-2")
    async with running(world, call_timeout_s=0.5, lease_margin_s=0.5):
        await until(lambda: sorted(world.effects()) == ["m-1", "m-2"])
        await until(lambda: _is_over(world, 2))
        await until(lambda: _is_over(world, 1))  # asked about once its lease has run out
    assert world.effects().count("m-1") == 1


async def _is_over(world: World, number: int) -> bool:
    return await world.state(number) == "delivered"
