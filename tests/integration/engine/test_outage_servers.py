"""Kafka or PostgreSQL away for a while, and how an engine ends: on a stack that these tests may break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.breakable import breakable_hub, reconnect
from tests.support.hubs import Hub, own_hub
from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

AWAY_S = 6.0
"""Longer than the session of the group and than the time in which a lost client would be silent by chance."""


async def health(engine: HubProcess, path: str) -> int:
    async with plain_http(10) as client:
        return (await client.get(f"{await engine.url()}/{path}")).status_code


async def is_ready(engine: HubProcess, *, wanted: bool) -> bool:
    return (await health(engine, "readyz") == 200) is wanted


@pytest.mark.parametrize(
    ("stop", "start"),
    [
        (embedded.stop_kafka, embedded.start_kafka),
        (embedded.stop_postgres, embedded.start_postgres),
    ],
)
async def test_a_server_that_is_away_for_a_while_costs_nothing_but_time(
    own_stack: tuple[Path, StackAddress],
    tmp_path: Path,
    stop: Callable[..., None],
    start: Callable[[Path], None],
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 10)
        publishing = asyncio.create_task(traffic.verify(counter, dossiers, 40))
        await eventually(lambda: len(traffic.sent) > 100, 20, "some load")
        lines = len(engine.lines())
        await asyncio.to_thread(stop, home, kill=True)
        await eventually(lambda: is_ready(engine, wanted=False), 10, "readiness to fall", engine.output)
        end = asyncio.get_running_loop().time() + AWAY_S
        while asyncio.get_running_loop().time() < end:
            assert await health(engine, "livez") == 200
            await is_ready(engine, wanted=False)
        away = engine.lines()[lines:]
        assert len(away) < 150, away
        await asyncio.to_thread(start, home)
        await reconnect(hub)
        await eventually(lambda: is_ready(engine, wanted=True), 30, "readiness", engine.output)
        await publishing
        await traffic.check(least_told=400)
        assert engine.exit_status is None


async def test_a_stop_under_load_is_done_in_time_and_loses_nothing(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 10)
        publishing = asyncio.create_task(traffic.verify(counter, dossiers, 60))
        await eventually(lambda: len(traffic.sent) > 200, 20, "some load")
        assert await engine.stop(limit_s=15) == 0
        assert await left_over(hub) == 0
        await publishing
        engine.start()
        await traffic.check()


async def left_over(hub: Hub) -> int:
    return int(await hub.database.fetchval("select count(*) from segment"))


async def test_a_stop_while_kafka_is_away_is_done_in_time(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        await asyncio.to_thread(embedded.stop_kafka, home, kill=True)
        try:
            await eventually(lambda: is_ready(engine, wanted=False), 10, "readiness to fall", engine.output)
            assert await engine.stop(limit_s=15) == 0, engine.output()
        finally:
            await asyncio.to_thread(embedded.start_kafka, home)


async def test_a_side_task_that_dies_ends_the_process_with_one_line(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        await hub.database.execute("drop table timer")
        assert await engine.ended(10) == 1
        said = [line for line in engine.output().splitlines() if line and not line.startswith("{")]
        assert said == ['hub: task clockwork died: UndefinedTableError: relation "timer" does not exist']
