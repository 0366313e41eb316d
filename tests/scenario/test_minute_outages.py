"""Kafka, PostgreSQL or a counterpart away for a full minute: all three at once, each with a hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psutil
import pytest

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.contract.population_world import sandbox_process
from tests.support.breakable import breakable_hub, breakable_stack, reconnect
from tests.support.hubs import own_hub
from tests.support.plain_http import plain_http
from tests.support.population_adapter import answers, population_adapter, reported
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, PROCEDURE
from tests.support.stack import shared_stack
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

AWAY_S = 60.0
CPU_SHARE = 0.15
"""Of one core, while there is nothing to do but to try again."""
LINES = 400


@pytest.fixture(scope="module")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


@pytest.mark.long
async def test_a_minute_without_kafka_postgresql_or_a_counterpart_costs_nothing_but_time(
    stack: StackAddress, tmp_path: Path
) -> None:
    for name in ("kafka", "postgres", "counterpart"):
        (tmp_path / name).mkdir()
    await asyncio.gather(
        without_server(tmp_path / "kafka", embedded.stop_kafka, embedded.start_kafka),
        without_server(tmp_path / "postgres", embedded.stop_postgres, embedded.start_postgres),
        without_counterpart(stack, tmp_path / "counterpart"),
    )


async def without_server(folder: Path, stop: Callable[..., None], start: Callable[[Path], None]) -> None:
    async with own_stack(folder) as (home, address), breakable_hub(address, folder) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 10)
        await traffic.verify(
            counter, dossiers, 30
        )  # acknowledged by the broker, and mostly not processed yet
        await asyncio.to_thread(stop, home, kill=True)
        await eventually(lambda: is_ready(engine, wanted=False), 10, "readiness to fall", engine.output)
        with quiet(engine):
            await red_for_a_minute(engine)
        await asyncio.to_thread(start, home)
        await reconnect(hub)
        await eventually(lambda: is_ready(engine, wanted=True), 30, "readiness", engine.output)
        await traffic.verify(counter, dossiers)
        await traffic.check(least_told=300)
        assert engine.exit_status is None


async def without_counterpart(stack: StackAddress, folder: Path) -> None:
    async with (
        own_hub(stack, folder) as hub,
        sandbox_process(folder, procedures=[PROCEDURE]) as sandbox,
        Door(sandbox.service_url) as door,
    ):
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        await hub.start_engine()
        adapter = await population_adapter(hub, door.url, sandbox.service_url, folder)
        dossiers = await traffic.dossiers(counter, 5)
        await traffic.verify(counter, dossiers, 2)
        await eventually(lambda: reported(hub, 10), 20, "the first answers to arrive", adapter.output)
        await door.close()
        await traffic.verify(counter, dossiers, 4)
        await eventually(lambda: is_circuit_open(adapter), 30, "the circuit to open", adapter.output)
        assert await is_ready(adapter, wanted=True)
        with quiet(adapter):
            await asyncio.sleep(AWAY_S)  # the outage itself: its length is what is tested
        assert answers(sandbox) == 10
        await door.open()
        await traffic.answered()
        await eventually(lambda: reported(hub, 30), 60, "all reports", adapter.output)
        assert answers(sandbox) == 30
        inbox = await hub.database.fetch("select id from inbox where participant = 'counter-a'")
        assert {row["id"] for row in inbox} == {event_id for _, event_id in traffic.sent}
        assert adapter.exit_status is None


@asynccontextmanager
async def own_stack(folder: Path) -> AsyncIterator[tuple[Path, StackAddress]]:
    """As `breakable_stack`, without holding up what runs beside."""
    made = breakable_stack(folder)
    opened = await asyncio.to_thread(made.__enter__)
    try:
        yield opened
    finally:
        await asyncio.to_thread(made.__exit__, None, None, None)


async def red_for_a_minute(engine: HubProcess) -> None:
    end = time.monotonic() + AWAY_S
    while time.monotonic() < end:
        assert await health(engine, "livez") == 200
        assert await health(engine, "readyz") == 503
        await asyncio.sleep(2)


@contextmanager
def quiet(process: HubProcess) -> Iterator[None]:
    """While the body runs the process neither works nor talks much."""
    began, busy_before, lines_before = time.monotonic(), busy_s(process), len(process.lines())
    yield
    share = (busy_s(process) - busy_before) / (time.monotonic() - began)
    assert share < CPU_SHARE, f"{process.name} used {share:.0%} of a core while it had to wait"
    said = process.lines()[lines_before:]
    assert len(said) < LINES, said[:20]


def busy_s(process: HubProcess) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


async def health(process: HubProcess, path: str) -> int:
    async with plain_http(10) as client:
        return (await client.get(f"{await process.url()}/{path}")).status_code


async def is_ready(process: HubProcess, *, wanted: bool) -> bool:
    return (await health(process, "readyz") == 200) is wanted


async def is_circuit_open(adapter: HubProcess) -> bool:
    return await metric(adapter, "hub_adapter_circuit_state", state="open") == 1


class Door:
    """A port before the counterpart that can be shut: nobody listens on it then."""

    def __init__(self, service_url: str) -> None:
        self._parts = urlsplit(service_url)
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        return self._parts._replace(netloc=f"127.0.0.1:{self._port}").geturl()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        inner, outer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, outer))
                group.create_task(_copy(inner, writer))
        finally:
            outer.close()
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()
