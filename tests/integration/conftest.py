"""Integration tests run against the real, shared Kafka and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from hub.embedded.stack import StackAddress
from hub.postgres.database import Connection
from tests.support.breakable import breakable_stack
from tests.support.stack import own_database, own_name, shared_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


@pytest.fixture(scope="module")
def own_stack(
    stack: StackAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, StackAddress]]:
    """Home and addresses of a stack that the module may break; needs `stack` for the jars that it fetched."""
    with breakable_stack(tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture
def own_topic_prefix() -> str:
    return own_name("t")


@pytest.fixture
async def fresh_database(stack: StackAddress) -> AsyncIterator[str]:
    async with own_database(stack) as dsn:
        yield dsn


@pytest.fixture
async def hub_database(stack: StackAddress) -> AsyncIterator[str]:
    """A database that has the tables of the hub and nothing in them."""
    async with own_database(stack, has_tables=True) as dsn:
        yield dsn


@pytest.fixture
async def store(hub_database: str) -> AsyncIterator[Connection]:
    """A session on `hub_database`."""
    connection: Connection = await asyncpg.connect(hub_database)
    yield connection
    await connection.close()
