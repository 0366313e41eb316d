"""All adapters keep to the one contract, in each dialect that they speak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from adapters.population_db.settings import Dialect
from hub.delivery.adapter import OutMessage
from hub.delivery.testing import AdapterContract, ContractWorld, OpenWorld
from tests.contract.population_world import population_world
from tests.contract.portal_world import portal_world
from tests.contract.postal_world import postal_world


async def _kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@asynccontextmanager
async def _population(folder: Path, dialect: Dialect = "N1") -> AsyncIterator[ContractWorld]:
    async with population_world(folder, dialect=dialect) as (adapter, control):

        def check_of(message: OutMessage) -> str:
            return message.id.removeprefix("message-of-")

        async def script(fault: str, message: OutMessage) -> None:
            await control.script(fault, match=check_of(message))

        yield ContractWorld(
            adapter,
            role="population",
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
async def _postal(folder: Path, dialect: str = "B") -> AsyncIterator[ContractWorld]:
    async with postal_world(folder, dialect=dialect, total_timeout_s=3.0) as (adapter, control):

        async def script(fault: str, message: OutMessage) -> None:
            await control.script(fault)

        yield ContractWorld(
            adapter,
            role="postal",
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


@asynccontextmanager
async def _portal(folder: Path) -> AsyncIterator[ContractWorld]:
    async with portal_world(folder) as (adapter, control):

        async def script(fault: str, message: OutMessage) -> None:
            await control.script(fault, dossier=message.subject)

        yield ContractWorld(
            adapter,
            role="portal",
            is_read_only=False,
            message_ok=control.message_ok,
            message_rejected=control.message_rejected,
            effects=control.effects,
            script=script,
            clear=control.clear,
            kill_counterpart=lambda: _kill(control.process),
            after_effect=("timeout_after_effect", "lost_after_effect", "slow_drip"),
            garbage=("http_500", "html_page", "not_json", "no_error_code", "throttled"),
        )


WORLDS: dict[str, OpenWorld] = {
    "population-N1": partial(_population, dialect="N1"),
    "population-N2": partial(_population, dialect="N2"),
    "population-N3": partial(_population, dialect="N3"),
    "portal": _portal,
    "postal-B": partial(_postal, dialect="B"),
    "postal-C": partial(_postal, dialect="C"),
}


@pytest.fixture(scope="module", params=WORLDS.values(), ids=list(WORLDS))
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
