"""Integration tests run against the real, shared Kafka and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from hub.embedded.stack import StackAddress
from tests.support.stack import own_database, own_name, shared_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


@pytest.fixture
def own_topic_prefix() -> str:
    return own_name("t")


@pytest.fixture
async def fresh_database(stack: StackAddress) -> AsyncIterator[str]:
    async with own_database(stack) as dsn:
        yield dsn
