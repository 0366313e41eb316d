"""A store that a newer hub has set up: nobody who opens it begins to work, and who runs says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.gateways import own_site
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.population_adapter import population_adapter
from tests.support.processes import HubProcess
from tests.support.waiting import eventually

NOBODY = "http://127.0.0.1:9"
SAID = "the store was set up by a newer hub (9999_newer.sql)"
OFTEN = {"HUB_CHECK_EVERY_S": "0.2"}


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, environment="test") as running:
        yield running


async def is_newer(hub: Hub) -> None:
    await hub.database.execute("insert into migration (name) values ('9999_newer.sql')")


async def is_as_before(hub: Hub) -> None:
    await hub.database.execute("delete from migration where name = '9999_newer.sql'")


async def says_so_and_starts_no_more(hub: Hub, process: HubProcess) -> None:
    async def is_told() -> bool:
        return 'hub_check_failed{check="store"} 1.0' in await process.metrics()

    assert not await is_told()
    await is_newer(hub)
    await eventually(is_told, 20, "the check to fail", process.output)
    assert await process.stop() == 0
    process.start()
    assert await process.ended() == 2
    assert SAID in process.output()
    await is_as_before(hub)
    process.start()
    await process.ready()


async def test_an_adapter_does_not_work_on_a_newer_store(hub: Hub, tmp_path: Path) -> None:
    adapter = await population_adapter(hub, NOBODY, NOBODY, tmp_path, **OFTEN)
    await says_so_and_starts_no_more(hub, adapter)
    assert await adapter.stop() == 0


async def test_neither_engine_nor_gateway_works_on_a_newer_store(hub: Hub, tmp_path: Path) -> None:
    engine = hub.engine(HUB_CHECK_EVERY_S="0.2")
    engine.start()
    await engine.ready()
    await says_so_and_starts_no_more(hub, engine)
    async with own_site(hub, tmp_path, **OFTEN) as site:
        await says_so_and_starts_no_more(hub, site.gateway)
        assert await site.gateway.stop() == 0


async def test_an_operators_command_does_not_work_on_a_newer_store(hub: Hub) -> None:
    await is_newer(hub)
    status, said = await hub_command(hub.environment, "deliveries", "list")
    assert (status, SAID in said, len(said.strip().splitlines())) == (2, True, 1)
