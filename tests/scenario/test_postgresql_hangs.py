"""PostgreSQL that neither works nor ends, under an engine, a gateway and an adapter: a signal stopped it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from hub.embedded.stack import StackAddress
from tests.contract.population_world import sandbox_process
from tests.scenario.test_minute_outages import health, is_ready, own_stack
from tests.support.breakable import breakable_hub
from tests.support.gateways import own_site
from tests.support.hubs import Hub
from tests.support.population_adapter import population_adapter
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, PROCEDURE
from tests.support.stack import shared_stack
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

HANGS_S = 40.0
"""Longer than every statement may take."""
HEALS_S = 30.0


@pytest.fixture(scope="module")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


@pytest.mark.long
async def test_a_postgresql_that_hangs_costs_nothing_but_time_and_health_tells_it(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with (
        own_stack(tmp_path) as (_, address),
        breakable_hub(address, tmp_path, environment="test") as hub,
        sandbox_process(tmp_path, procedures=[PROCEDURE]) as sandbox,
    ):
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        adapter = await population_adapter(hub, sandbox.service_url, sandbox.service_url, tmp_path)
        async with own_site(hub, tmp_path) as site:
            visitor = await site.join("counter-h", ["counter"], [ONE_STOP])
            processes = [engine, adapter, site.gateway]
            dossiers = await traffic.dossiers(counter, 3)
            async with hanging(hub):
                await all_ready(processes, wanted=False, limit_s=20)
                await traffic.verify(counter, dossiers, 2)
                asked_at = time.monotonic()
                answer = await visitor.client.get(f"/v1/dossiers/{dossiers[0]}")
                assert (answer.status_code, time.monotonic() - asked_at < 30) == (503, True), answer.text
                await stays_alive(processes, asked_at + HANGS_S)
            await all_ready(processes, wanted=True, limit_s=HEALS_S)
            await traffic.answered()
            await eventually(partial(reported, hub, 6), HEALS_S, "the checks", adapter.output)
            inbox = await hub.database.fetch("select id from inbox where participant = 'counter-a'")
            assert sorted(row["id"] for row in inbox) == sorted(event_id for _, event_id in traffic.sent)
            assert sum(entry["kind"] == "effect" for entry in sandbox.journal()) == 6
            assert [process.exit_status for process in processes] == [None, None, None]


@contextlib.asynccontextmanager
async def hanging(hub: Hub) -> AsyncIterator[None]:
    """While the body runs no process of PostgreSQL gets on."""
    backend = psutil.Process(await hub.database.fetchval("select pg_backend_pid()"))
    server = backend.parent()
    assert server is not None
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(stopped):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


async def all_ready(processes: list[HubProcess], *, wanted: bool, limit_s: float) -> None:
    await asyncio.gather(
        *(
            eventually(partial(is_ready, one, wanted=wanted), limit_s, f"readiness of {one.name}", one.output)
            for one in processes
        )
    )


async def stays_alive(processes: list[HubProcess], until: float) -> None:
    while time.monotonic() < until:
        for process in processes:
            assert await health(process, "livez") == 200, process.output()
            assert await health(process, "readyz") == 503, process.output()
        await asyncio.sleep(1)


async def reported(hub: Hub, count: int) -> bool:
    found = await hub.database.fetchval("select count(*) from inbox where participant = 'population'")
    return bool(found == count)
