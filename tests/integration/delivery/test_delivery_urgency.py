"""What is urgent goes out first, also after it had to wait; on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from hub.delivery.adapter import OutMessage
from hub.delivery.database import open_pool
from hub.delivery.outcome import RetryAt
from hub.delivery.store import DeliveryStore
from tests.support.report_keys import REPORTS_KEY

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
LEASE_S = 30.0


def message(number: int, dossier: str, sequence: int) -> OutMessage:
    return OutMessage(f"m-{number}", "t.v1", dossier, dossier, sequence, NOW, b"{}")


@pytest.fixture
async def pool(hub_database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with open_pool(hub_database, "notices") as pool:
        yield pool


@pytest.fixture
async def store(pool: asyncpg.Pool[Any]) -> DeliveryStore:
    return DeliveryStore(pool, "notices", REPORTS_KEY, is_urgent=True)


async def test_after_an_outage_the_most_urgent_goes_first_and_what_has_no_time_last(
    store: DeliveryStore,
) -> None:
    until = {"m-1": NOW + timedelta(days=9), "m-2": None, "m-3": NOW, "m-4": NOW + timedelta(days=2)}
    asked = [message(number, f"d-{number}", 1) for number in range(1, 5)]
    await store.take(asked, (), (), urgent=lambda one: until[one.id])
    order = [(await store.lease(1, LEASE_S))[0].message.id for _ in asked]
    assert order == ["m-3", "m-4", "m-1", "m-2"]


async def test_what_is_tried_again_goes_out_by_its_urgency_and_not_behind_all_others(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    until = {"m-1": NOW + timedelta(days=9), "m-2": NOW + timedelta(days=2), "m-3": NOW}
    asked = [message(number, f"d-{number}", 1) for number in range(1, 4)]
    await store.take(asked, (), (), urgent=lambda one: until[one.id])
    (most,) = await store.lease(1, LEASE_S)
    assert await store.put_back(most, "pending", 60.0, RetryAt(60.0, "busy"), doubt_begins=False)
    (other,) = await store.lease(1, LEASE_S)
    assert other.message.id == "m-2", "the first still waits"
    await pool.execute("update delivery set next_at = now() where id = $1", most.message.id)
    order = [(await store.lease(1, LEASE_S))[0].message.id for _ in range(2)]
    assert order == ["m-3", "m-1"]
