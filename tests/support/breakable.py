"""Test support: a stack and a hub whose servers a test may stop, kill and damage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.hubs import Hub
from tests.support.stack import own_name


@contextmanager
def breakable_stack(folder: Path, brokers: int = 1) -> Iterator[tuple[Path, StackAddress]]:
    """Home and addresses of a new stack, wiped at the end; the jars must have been fetched."""
    home = folder / "home"
    try:
        yield home, embedded.up(home, brokers=brokers)
    finally:
        embedded.wipe(home)


@asynccontextmanager
async def breakable_hub(
    address: StackAddress, folder: Path, partitions: int = 2, environment: str = "live"
) -> AsyncIterator[Hub]:
    """A hub whose database is left to the end of its stack; after an outage `reconnect` it."""
    connection = await asyncpg.connect(address.postgres_dsn)
    name = own_name("db")
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    await connection.close()
    hub = Hub(address, f"{address.postgres_dsn.rsplit('/', 1)[0]}/{name}", folder, partitions, environment)
    await hub.open()
    try:
        yield hub
    finally:
        await hub.close()


async def reconnect(hub: Hub) -> None:
    """The test's own session again."""
    hub.database.terminate()
    hub.database = await asyncpg.connect(hub.dsn)
