"""Two engines: partitions that move under load, the same dossier, the same request."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


async def has_worked(process: HubProcess) -> bool:
    return await metric(process, "hub_batch_records_count") > 0


async def start_two(hub: Hub, **settings: str) -> list[HubProcess]:
    """Two ready engines that both have partitions."""
    engines = [hub.engine(name) for name in ("engine-1", "engine-2")]
    for engine in engines:
        engine.start(**settings)
    for engine in engines:
        await engine.ready()

    async def are_both_owners() -> bool:
        return all([await metric(engine, "hub_partitions_assigned") > 0 for engine in engines])

    await eventually(are_both_owners, 20, "both engines to have partitions", engines[0].output)
    return engines


async def test_nothing_is_lost_when_partitions_move_five_times_under_load(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=4) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        await hub.start_engine("engine-1")
        dossiers = await traffic.dossiers(counter, 20)
        is_over = asyncio.Event()

        async def publish() -> None:
            while not is_over.is_set():
                await traffic.verify(counter, dossiers)
                await traffic.submit(counter)
                await asyncio.sleep(0.05)

        publishing = asyncio.create_task(publish())
        for round_number in range(5):
            second = hub.engine(f"engine-{2 + round_number}")  # a new member each time
            second.start()
            await second.ready()
            worked = partial(has_worked, second)
            await eventually(worked, 20, "the second engine to work", second.output)
            if round_number % 2:
                await second.kill()
            else:
                assert await second.stop() == 0
        is_over.set()
        await publishing
        await traffic.check(least_told=500)
        assert await metric(hub.processes[0], "hub_consumer_rebalances_total") >= 5


async def test_two_engines_that_work_on_the_same_dossier_miss_heads_and_lose_nothing(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counters = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        traffic = Traffic(hub, [*counters, await hub.join("population", ["population"])])
        engines = await start_two(hub, HUB_ENGINE__MAX_BATCH_RECORDS="20")
        dossiers = await traffic.dossiers(counters[0], 3)

        async def are_enough() -> bool:
            await asyncio.gather(*(traffic.verify(counter, dossiers, 50) for counter in counters))
            await traffic.answered()
            missed = [await metric(engine, "hub_overlay_misses_total") for engine in engines]
            return sum(missed) > 0

        await eventually(are_enough, 60, "a miss between two pipelined batches")
        misses = [await metric(engine, "hub_commit_failures_total", kind="head_miss") for engine in engines]
        assert sum(misses) > 0
        await traffic.check(least_told=300)


async def test_a_request_sent_to_two_engines_at_once_has_one_effect_and_one_receipt(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=2) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engines = await start_two(hub, HUB_ENGINE__MAX_BATCH_RECORDS="20")
        traffic = Traffic(hub, [counter])

        async def are_enough() -> bool:
            for _ in range(100):
                event_id = str(uuid4())
                await asyncio.gather(
                    *(
                        traffic.send(
                            counter,
                            SUBMIT,
                            f"ref:{event_id}",
                            submission(),
                            event_id=event_id,
                            partition=number,
                        )
                        for number in (0, 1)
                    )
                )
            await traffic.answered()
            missed = [
                await metric(engine, "hub_commit_failures_total", kind="inbox_miss") for engine in engines
            ]
            return sum(missed) > 0

        await eventually(are_enough, 60, "an inbox miss")
        await traffic.check()
        assert len(await traffic.facts()) == len(traffic.sent)


async def test_a_dead_engine_leaves_its_shards_to_the_other_within_five_seconds(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        await hub.join("counter-a", ["counter"], [ONE_STOP])
        engines = await start_two(hub)

        async def owned(engine: HubProcess) -> float:
            return await metric(engine, "hub_shards_owned")

        async def are_shared() -> bool:
            return [await owned(engine) for engine in engines] == [2, 2]

        await eventually(are_shared, 15, "two shards each")
        engines[0].signal(signal.SIGKILL)

        async def is_heir() -> bool:
            return await owned(engines[1]) == 4

        await eventually(is_heir, 5, "the other engine to own all shards", engines[1].output)


async def test_who_joins_while_the_only_engine_is_away_is_read_once_it_is_back(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        await traffic.submit(counter)
        await traffic.answered()
        await engine.kill()
        late = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic.clients = [counter, late]
        engine.start()
        await engine.ready()
        await traffic.submit(late)
        await traffic.answered()
        await traffic.check(least_told=3)
