"""The delivery tables of one adapter in a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hub.delivery.database import open_pool
from hub.delivery.store import DeliveryStore
from tests.support.report_keys import REPORTS_KEY


@pytest.fixture
async def pool(hub_database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with open_pool(hub_database, "postal") as pool:
        yield pool


@pytest.fixture
async def store(pool: asyncpg.Pool[Any]) -> DeliveryStore:
    return DeliveryStore(pool, "postal", REPORTS_KEY)
