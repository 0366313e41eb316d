"""What operators type about deliveries, with the runtime at work on real Kafka and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.runtime import run_adapter
from hub.delivery.store import DeliveryStore
from hub.embedded.stack import StackAddress
from tests.contract.postal_world import postal_world
from tests.support.delivery_worlds import OPTIONS, World, delivery_world, registered, running, until
from tests.support.hub_commands import hub_command, store_environment
from tests.support.report_keys import REPORTS_KEY
from tests.support.stack import own_name
from tests.support.waiting import within

BY = ("--operator", "operator-1", "--reason", "rang the counterpart")
SURE = (*BY, "--yes")


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        made.counterpart.is_mute = True
        yield made


async def typed(world: World, *arguments: str) -> tuple[int, str]:
    return await hub_command(store_environment(world.dsn), "deliveries", *arguments)


async def settled(world: World, number: int, finding: str) -> None:
    status, said = await typed(world, "settle", world.name, f"m-{number}", "--as", finding, *SURE)
    assert (status, f"settled as {finding}" in said) == (0, True), said


async def actions(world: World) -> list[tuple[str, str, str]]:
    rows = await world.pool.fetch(
        "select action, target, operator || ': ' || reason from operator_action order by id"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def test_an_unknown_outcome_is_listed_and_settled_in_each_of_the_three_ways(world: World) -> None:
    world.counterpart.faults = {"m-1": ["lost_after"], "m-2": ["lost_before"], "m-3": ["lost_before"]}
    for number in (1, 2, 3):
        await world.send(number, f"d-{number}")
    async with running(world):
        await until(lambda: world.metric("hub_unknown_outcomes") == 3)
        status, listed = await typed(world, "list", world.name)
        assert status == 0
        assert all(f"m-{number}" in listed for number in (1, 2, 3))
        assert listed.count("unknown: no answer") == 3
        assert '"wanted"' not in listed, "no contents"

        await settled(world, 1, "delivered")
        await settled(world, 2, "not-delivered")
        await settled(world, 3, "given-up")
        bodies = [(await world.read_report())[2] for _ in range(3)]
        outcomes = {body["message"]: body["outcome"] for body in bodies}
        assert outcomes == {"m-1": "delivered", "m-2": "delivered", "m-3": "gave up: given_up_by_operator"}
        assert world.effects() == ["m-1", "m-2"]
        assert [await world.state(number) for number in (1, 2, 3)] == ["delivered", "delivered", "dead"]
    _, listed = await typed(world, "list", "--state", "dead")
    assert "given_up_by_operator" in listed
    assert "m-1" not in listed
    assert await actions(world) == [
        ("delivery.settled_confirm", f"{world.name}/m-1", "operator-1: rang the counterpart"),
        ("delivery.settled_resend", f"{world.name}/m-2", "operator-1: rang the counterpart"),
        ("delivery.settled_give_up", f"{world.name}/m-3", "operator-1: rang the counterpart"),
    ]


async def test_only_an_unknown_outcome_is_settled(world: World) -> None:
    await world.send(1)
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])
        await world.read_report()
    status, said = await typed(world, "settle", world.name, "m-1", "--as", "not-delivered", *SURE)
    assert (status, said.strip()) == (1, f"hub: delivery m-1 of {world.name} has no unknown outcome")
    status, said = await typed(world, "settle", "nobody", "m-1", "--as", "delivered", *SURE)
    assert (status, said.strip()) == (
        2,
        "hub: no adapter nobody; installed: notices, population, portal, postal, typesetter",
    )
    assert await actions(world) == []


async def test_a_paused_counterpart_is_not_called_until_it_is_resumed(world: World) -> None:
    await world.send(1)
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])
        assert (await typed(world, "pause", world.name, *BY))[1].strip() == f"{world.name} is paused"
        await until(lambda: world.metric("hub_adapter_circuit_state", state="paused") == 1)
        await world.send(2)
        await until(lambda: world.metric("hub_outbox_pending") == 1)
        assert f"{world.name} is paused since" in (await typed(world, "list"))[1]
        assert (await typed(world, "pause", world.name, *BY))[1].strip() == f"{world.name} was paused already"
        assert world.effects() == ["m-1"]
        assert (await typed(world, "resume", world.name, "--operator", "operator-2"))[0] == 0
        await until(lambda: world.effects() == ["m-1", "m-2"])
    assert [action for action, _, _ in await actions(world)] == ["delivery.paused", "delivery.resumed"]


async def test_an_operator_settles_while_the_counterpart_is_paused(world: World) -> None:
    world.counterpart.faults = {"m-1": ["lost_after"]}
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_unknown_outcomes") == 1)
        await typed(world, "pause", world.name, *BY)
        await until(lambda: world.metric("hub_adapter_circuit_state", state="paused") == 1)
        await settled(world, 1, "delivered")
        assert (await world.read_report())[2] == {"message": "m-1", "outcome": "delivered"}


async def test_contents_are_shown_to_a_named_operator_only_and_the_view_is_recorded(world: World) -> None:
    world.counterpart.faults = {"m-1": ["reject"]}
    await world.send(1)
    async with running(world):
        await world.read_report()
    status, shown = await typed(world, "show", world.name, "m-1")
    assert status == 0
    assert "outcome: rejected: fake.no" in shown
    assert 'wanted":true' not in shown
    assert await actions(world) == []
    assert (await typed(world, "show", world.name, "m-1", "--body"))[0] == 2
    status, shown = await typed(world, "show", world.name, "m-1", "--body", "--operator", "operator-1")
    assert '{"wanted":true}' in shown
    assert await actions(world) == [("delivery.viewed", f"{world.name}/m-1", "operator-1: ")]
    assert (await typed(world, "show", world.name, "m-9"))[0] == 1


async def test_an_order_that_the_post_cannot_answer_for_is_settled_and_not_placed_twice(
    stack: StackAddress, hub_database: str, tmp_path: Path, world: World
) -> None:
    stop, metrics = asyncio.Event(), DeliveryMetrics(CollectorRegistry())
    async with postal_world(tmp_path, total_timeout_s=1.0) as (adapter, control):
        adapter.name = own_name("postal")
        kafka = await asyncio.to_thread(registered, stack, adapter.name)
        store = DeliveryStore(world.pool, adapter.name, REPORTS_KEY)
        await control.script("lost_after_effect")
        await control.script("no_body", count=1000, operation="order/tracking")
        message = control.message_ok()
        await store.take([message], (), ())
        task = asyncio.create_task(
            run_adapter(
                adapter, kafka, hub_database,
                environment="test", options=DeliveryOptions(**OPTIONS), stop=stop, metrics=metrics,
            )
        )  # fmt: skip

        async def is_unknown() -> bool:
            return (await store.counts()).unknown == 1

        async def is_delivered() -> bool:
            state = await world.pool.fetchval("select state from delivery where id = $1", message.id)
            return bool(state == "delivered")

        await until(is_unknown)
        environment = store_environment(hub_database)
        assert message.id in (await hub_command(environment, "deliveries", "list", adapter.name))[1]
        arguments = ("deliveries", "settle", adapter.name, message.id, "--as", "delivered", *SURE)
        assert (await hub_command(environment, *arguments))[0] == 0
        await until(is_delivered)
        stop.set()
        async with within(15):
            await task
        assert len(control.effects(message)) == 1


async def test_commands_say_in_one_line_that_the_tables_are_missing(fresh_database: str) -> None:
    status, said = await hub_command(store_environment(fresh_database), "deliveries", "list")
    assert (status, "run `hub setup`" in said, len(said.strip().splitlines())) == (2, True, 1)
