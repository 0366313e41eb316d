"""Connections to the broker that never log in: it lives, who is in is served, and the hub still gets in."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.conn import AIOKafkaConnection, create_conn

from hub.embedded import connections
from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders, load_state
from tests.support.breakable import breakable_hub
from tests.support.clients import Client
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

SOCKETS = 3_000
SERVED_S = 20.0
FILLED_S = 60.0
_CALLERS = 100


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Enough for the flood in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, SOCKETS + 1_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def flood(port: int) -> AsyncIterator[None]:
    """Many callers at once open connections, say nothing and keep them, until the end of the block."""
    held: list[socket.socket] = []
    callers = [asyncio.create_task(_call(port, held)) for _ in range(_CALLERS)]
    try:
        yield
        assert len(held) > 50
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        for one in held:
            one.close()


async def _call(port: int, held: list[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    while len(held) < SOCKETS:
        one = socket.socket()
        one.setblocking(False)
        held.append(one)
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(2):
                await loop.sock_connect(one, ("127.0.0.1", port))


def connections_to(home: Path) -> int:
    """The descriptors that the broker's process holds for connections."""
    state = load_state(Folders.of(home))
    assert state is not None
    assert state.kafka is not None
    held = 0
    for descriptor in Path(f"/proc/{state.kafka.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held += descriptor.readlink().name.startswith("socket:")
    return held


def are_ready(home: Path) -> bool:
    return [server.state for server in embedded.status(home)] == ["ready", "ready"]


def port_of(home: Path, listener: str) -> int:
    state = load_state(Folders.of(home))
    assert state is not None
    return int(getattr(state, f"kafka_{listener}_port"))


async def test_a_flood_at_the_door_of_participants_costs_neither_the_broker_nor_the_hub(
    own_stack: tuple[Path, StackAddress], tmp_path: Path, many_descriptors: None
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 4)
        password = await hub.register("counter-b", ["counter"], [ONE_STOP])
        async with flood(port_of(home, "participants")):
            await eventually(
                lambda: connections_to(home) >= connections.PARTICIPANTS, FILLED_S, "the listener to be full"
            )
            for _ in range(5):
                await traffic.verify(counter, dossiers)
                await traffic.answered(SERVED_S)
            assert "hub_events_accepted_total{" in await engine.metrics()
            assert await engine.stop() == 0
            engine.start()
            await engine.ready()
            await traffic.verify(counter, dossiers)
            await traffic.answered(SERVED_S)
            assert connections_to(home) < connections.PARTICIPANTS + 200
            assert are_ready(home)
        async with Client(address.kafka_bootstrap, hub.prefix, "counter-b", password) as late:
            traffic.clients = [counter, late]
            await traffic.submit(late)
            await traffic.answered(SERVED_S)
            await traffic.check(least_told=5)


@pytest.mark.parametrize("listener", ["internal", "controller"])
async def test_the_other_doors_of_the_broker_have_their_limits_too(
    own_stack: tuple[Path, StackAddress], many_descriptors: None, listener: str
) -> None:
    home, _ = own_stack
    limit = {"internal": connections.INTERNAL, "controller": connections.CONTROLLER}[listener]
    async with flood(port_of(home, listener)):
        await eventually(lambda: connections_to(home) >= limit, FILLED_S, f"{listener} to be full")
        assert connections_to(home) < limit + 100
    await eventually(lambda: are_ready(home), SERVED_S, "the servers to answer")


LOG_IN = struct.pack(">hhih", 17, 1, 1, 1) + b"x" + struct.pack(">h", 13) + b"SCRAM-SHA-512"
"""The request SaslHandshake, with the name of the mechanism."""


async def announced_before_log_in(port: int, size: int) -> asyncio.StreamWriter:
    """A stranger says that so many bytes of a log-in follow, and sends none of them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack(">i", len(LOG_IN)) + LOG_IN)
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    await reader.readexactly(length)
    writer.write(struct.pack(">i", size))
    return writer


async def announced_by(client: Client, size: int) -> AIOKafkaConnection:
    """A participant says that a request of so many bytes follows, and sends none of it."""
    settings = dict(client.settings)
    host, _, port = settings.pop("bootstrap_servers").rpartition(":")
    connection = await create_conn(host, int(port), client_id="x", request_timeout_ms=10_000, **settings)
    connection._writer.write(struct.pack(">i", size))
    return connection


async def test_what_is_announced_and_never_sent_costs_the_broker_no_thread(
    own_stack: tuple[Path, StackAddress], tmp_path: Path, many_descriptors: None
) -> None:
    home, address = own_stack
    port = port_of(home, "participants")
    async with breakable_hub(address, tmp_path) as hub:
        counter, loud = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        traffic = Traffic(hub, [counter])
        await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 4)
        password = await hub.register("counter-c", ["counter"], [ONE_STOP])
        strangers = [await announced_before_log_in(port, 500_000) for _ in range(700)]
        large = [await announced_by(loud, 90_000_000) for _ in range(8)]
        await traffic.verify(counter, dossiers)
        await traffic.answered(SERVED_S)
        many = [await announced_by(loud, 7 << 20) for _ in range(30)]
        for writer in strangers:
            writer.close()
        for connection in (*large, *many):
            connection.close()
        await traffic.verify(counter, dossiers)
        await traffic.answered(60)
        async with Client(address.kafka_bootstrap, hub.prefix, "counter-c", password) as late:
            traffic.clients = [counter, late]
            await traffic.submit(late)
            await traffic.answered(SERVED_S)
            await traffic.check(least_told=5)
        assert are_ready(home)
