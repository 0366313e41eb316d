"""The right to write a topic taken away and given back: it alone waits, all heals, nothing is hidden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.kafka.admin import Grant
from hub.kafka.topics import HEARTBEAT_TOPIC
from hub.participants.admission import GATEWAY
from hub.participants.registry import gateway_grants
from tests.integration.engine.test_clockwork_firing import all_missed, lodge, move_clock
from tests.support.delivery_worlds import World, delivery_world, running
from tests.support.gateways import Visitor, own_site
from tests.support.health_watch import health_of
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

HEALS_S = 30.0


@asynccontextmanager
async def without(hub: Hub, user: str, *grants: Grant) -> AsyncIterator[None]:
    """These rights of the user are taken away for the block."""
    await asyncio.to_thread(hub.admin.revoke, user, grants)
    try:
        yield
    finally:
        await asyncio.to_thread(hub.admin.grant, user, grants)


async def tells(process: HubProcess, topic: str) -> bool:
    """Whether the process says that the topic cannot be written; it stays alive and ready."""
    said = await health_of(process)
    assert said.is_alive, said
    assert said.is_ready, said
    return any(topic in text for text in said.impaired)


async def becomes_told(process: HubProcess, topic: str, *, wanted: bool) -> None:
    async def is_so() -> bool:
        return await tells(process, topic) is wanted

    await eventually(is_so, HEALS_S, f"{process.name} to tell of {topic}: {wanted}", process.output)


async def status_of_post(visitor: Visitor, traffic: list[int]) -> int:
    answer = await visitor.send(SUBMIT, "ref:x", submission())
    traffic.append(answer.status_code)
    return answer.status_code


async def posts_work(visitor: Visitor) -> None:
    async def works() -> bool:
        return await status_of_post(visitor, []) in (200, 202)

    await eventually(works, HEALS_S, f"the posts of {visitor.name}")


@pytest.mark.parametrize("is_hidden", [False, True], ids=["not-writable", "not-even-seen"])
async def test_a_participant_over_https_whose_topic_was_closed_writes_again_and_others_never_stop(
    stack: StackAddress, tmp_path: Path, *, is_hidden: bool
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub, own_site(hub, tmp_path) as site:
        await hub.start_engine()
        closed = await site.join("counter-a", ["counter"], [ONE_STOP])
        other = await site.join("counter-b", ["counter"], [ONE_STOP])
        await posts_work(closed)  # a hole shows only behind what was written before
        rights = gateway_grants(closed.name, hub.prefix)[: 2 if is_hidden else 1]
        others: list[int] = []
        async with without(hub, f"{hub.prefix}{GATEWAY}", *rights):

            async def is_refused() -> bool:
                await status_of_post(other, others)
                return await status_of_post(closed, []) == 503

            await eventually(is_refused, HEALS_S, "the topic to be closed")
            for _ in range(10):
                assert await status_of_post(closed, []) == 503
                await status_of_post(other, others)
                assert await tells(site.gateway, f"in.{closed.name}")
            assert await metric(site.gateway, "hub_kafka_lane_failing_seconds", client="gateway") > 0
        await posts_work(closed)
        await becomes_told(site.gateway, f"in.{closed.name}", wanted=False)
        assert set(others) <= {200, 202}
        assert "hub_kafka_lane_failing_seconds{" not in await site.gateway.metrics()


async def test_due_timers_fire_once_the_hub_may_write_its_own_topic_again(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers = await lodge(traffic, counter, 6)
        await move_clock(hub, timedelta(days=14))
        await all_missed(traffic, dossiers)
        dossiers += await lodge(traffic, counter, 6)
        async with without(hub, hub.user, Grant("topic", f"{hub.prefix}in.hub", "write")):
            await move_clock(hub, timedelta(days=28))
            await becomes_told(engine, "in.hub", wanted=True)
            await traffic.submit(counter)
            await traffic.answered()
        await all_missed(traffic, dossiers)
        await becomes_told(engine, "in.hub", wanted=False)
        await traffic.check(least_told=24)


async def test_a_heartbeat_that_is_refused_costs_no_readiness(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path) as hub:
        engine = await hub.start_engine()
        async with without(hub, hub.user, Grant("topic", hub.prefix + HEARTBEAT_TOPIC, "write")):
            await becomes_told(engine, HEARTBEAT_TOPIC, wanted=True)
            for _ in range(5):
                assert await tells(engine, HEARTBEAT_TOPIC)
        await becomes_told(engine, HEARTBEAT_TOPIC, wanted=False)


async def is_counted(engine: HubProcess) -> bool:
    return await metric(engine, "hub_topics_blocked") > 0


@pytest.mark.parametrize("topic", ["out.counter-a", "dossier.facts"])
async def test_a_topic_that_the_relay_may_not_write_waits_alone_and_comes_out_in_order(
    stack: StackAddress, tmp_path: Path, topic: str
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 4)
        is_facts = topic == "dossier.facts"
        name = topic if is_facts else "out."
        right = Grant("topic", hub.prefix + name, "write", is_prefix=not is_facts)
        async with without(hub, hub.user, right):
            await traffic.verify(counter, dossiers, 3)
            await becomes_told(engine, topic, wanted=True)
            await eventually(lambda: is_counted(engine), 5, "the blocked topic to be counted")
        await traffic.verify(counter, dossiers, 3)
        await becomes_told(engine, topic, wanted=False)
        await traffic.check(least_told=24)

        async def is_empty() -> bool:
            return not await hub.database.fetchval("select exists (select from blocked_message)")

        await eventually(is_empty, HEALS_S, "what was set aside to be taken off the list")


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_an_adapter_that_may_not_report_reports_once_it_may_again(
    stack: StackAddress, world: World, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub, running(world):
        right = Grant("topic", f"{world.kafka.prefix}in.{world.name}", "write")
        await world.send(1)
        await world.read_report()
        async with without(hub, world.kafka.user, right):
            await world.send(2)
            await eventually(lambda: bool(world.progress.impaired()), HEALS_S, "the adapter to tell")
        _, _, body = await asyncio.wait_for(world.read_report(), HEALS_S)
        assert body["message"] == "m-2"
        await eventually(lambda: not world.progress.impaired(), HEALS_S, "the adapter to be well")
        assert world.effects() == ["m-1", "m-2"]
