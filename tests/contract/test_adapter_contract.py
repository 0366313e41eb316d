"""Both adapters keep to the one contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.delivery.adapter import OutMessage
from tests.contract.adapter_contract import AdapterContract, ContractWorld, OpenWorld
from tests.contract.population_world import population_world
from tests.contract.postal_world import postal_world


async def _kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@asynccontextmanager
async def _population(folder: Path) -> AsyncIterator[ContractWorld]:
    async with population_world(folder) as (adapter, control):

        def check_of(message: OutMessage) -> str:
            return message.id.removeprefix("message-of-")

        async def script(fault: str, message: OutMessage) -> None:
            await control.script(fault, match=check_of(message))

        yield ContractWorld(
            adapter,
            is_read_only=True,
            message_ok=control.message_ok,
            message_rejected=control.message_rejected,
            effects=lambda message: len(control.effects(check_of(message))),
            script=script,
            clear=control.clear,
            kill_counterpart=lambda: _kill(control.process),
            after_effect=("timeout_after_effect", "slow_drip"),
            garbage=("http_500", "soap_fault", "html_page"),
        )


@asynccontextmanager
async def _postal(folder: Path) -> AsyncIterator[ContractWorld]:
    async with postal_world(folder) as (adapter, control):

        async def script(fault: str, message: OutMessage) -> None:
            await control.script(fault)

        yield ContractWorld(
            adapter,
            is_read_only=False,
            message_ok=control.message_ok,
            message_rejected=control.message_rejected,
            effects=lambda message: len(control.effects(message)),
            script=script,
            clear=control.clear,
            kill_counterpart=lambda: _kill(control.process),
            after_effect=("timeout_after_effect", "lost_after_effect", "slow_drip"),
            garbage=("http_500", "html_page", "bad_json", "no_body", "throttled"),
        )


@pytest.fixture(scope="module", params=[_population, _postal], ids=["population", "postal"])
def open_world(request: pytest.FixtureRequest) -> OpenWorld:
    chosen: OpenWorld = request.param
    return chosen


@pytest.fixture(scope="module")
async def shared_world(
    open_world: OpenWorld, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ContractWorld]:
    async with open_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
async def world(shared_world: ContractWorld) -> ContractWorld:
    await shared_world.clear()
    return shared_world


class TestAdapters(AdapterContract):
    """The suite, once per world."""
