"""By which indexes a real PostgreSQL finds the rows of a delivery, beside a backlog and rows now over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.delivery import queries
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.outcome import Delivered
from hub.delivery.rows import Finished, finished_columns
from hub.delivery.store import DeliveryStore
from hub.delivery.wire import Confirmed
from tests.support.report_keys import REPORTS_KEY

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
BACKLOG, OVER = 3_000, 2_400
_OVER = """
update delivery set state = 'delivered', ended_at = now()
where id in (select id from delivery order by position limit $1)
"""
BY_ID = {"Index Scan delivery_pkey", "Index Scan delivery_report_pkey"}


async def ways(pool: asyncpg.Pool[Any], statement: str, *arguments: object) -> set[str]:
    """How it reads deliveries and reports: `Index Scan delivery_pkey`, `Seq Scan delivery`."""
    async with pool.acquire() as connection:
        text = await connection.fetchval(f"explain (format json) {statement}", "postal", *arguments)
    return set(_ways(json.loads(text)[0]["Plan"]))


def _ways(node: dict[str, Any]) -> Iterator[str]:
    place = str(node.get("Index Name", node.get("Relation Name", "")))
    is_read = "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan"
    if is_read and place.startswith("delivery") and not place.startswith(("delivery_hold", "delivery_pause")):
        yield f"{node['Node Type']} {place}"
    for below in node.get("Plans", ()):
        yield from _ways(below)


def told(name: str) -> Report:
    return Report(f"r-{name}", "t.v1", name, NOW, b"{}")


async def backlog(store: DeliveryStore) -> None:
    names = [f"d-{number}" for number in range(BACKLOG)]
    await store.take([OutMessage(f"m-{name}", "t.v1", name, name, 1, NOW, b"{}") for name in names], (), ())


async def most_are_over(pool: asyncpg.Pool[Any], store: DeliveryStore) -> None:
    """The first ones are delivered, their reports sent and confirmed."""
    await pool.execute(_OVER, OVER)
    ids = [f"r-d-{number}" for number in range(OVER)]
    await store.store_poll(None, "1", [told(name.removeprefix("r-")) for name in ids])
    await store.mark_sent(dict.fromkeys(ids, 60.0))
    await store.take((), [Confirmed(name, None) for name in ids], ())


@pytest.mark.parametrize("has_statistics", [False, True])
async def test_a_delivery_is_found_by_its_turn_and_by_its_id_whatever_waits_and_is_over(
    pool: asyncpg.Pool[Any], store: DeliveryStore, *, has_statistics: bool
) -> None:
    await backlog(store)
    await most_are_over(pool, store)
    if has_statistics:
        await pool.execute("analyze delivery, delivery_report")
    (lease,) = await store.lease(1, 30.0)
    ended = Finished(lease, "delivered", Delivered({}), told(lease.message.dossier))
    columns = finished_columns([ended], "postal", REPORTS_KEY)
    found = await ways(pool, queries.LEASE_HEADS, 4, 30.0, True, None)
    assert {way for way in found if "delivery_next" in way} == {"Index Scan delivery_next"}, found
    assert await ways(pool, queries.FINISH, *columns) <= BY_ID
    assert await ways(pool, queries.MARK_SENT, ["r-1"], [60.0]) <= BY_ID
    assert await ways(pool, queries.CONFIRM_REPORTS, ["r-1"], [None]) <= BY_ID
