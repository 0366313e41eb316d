"""What the statements of each delivery read on a real PostgreSQL, beside a backlog and rows that are over."""

from __future__ import annotations

import json
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
FEW = 150
"""Pages; to look at each row that waits or is over takes over a thousand."""

_OVER = """
update delivery set state = 'delivered', ended_at = now()
where id in (select id from delivery order by position limit $1)
"""


async def pages(pool: asyncpg.Pool[Any], statement: str, *arguments: object) -> int:
    """How many pages of tables and indexes it reads; nothing of it stays."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            text = await connection.fetchval(
                f"explain (analyze, buffers, format json) {statement}", "postal", *arguments
            )
        finally:
            await transaction.rollback()
    plan = json.loads(text)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def told(name: str) -> Report:
    return Report(f"r-{name}", "t.v1", name, NOW, b"{}")


async def backlog(store: DeliveryStore) -> None:
    names = [f"d-{number}" for number in range(BACKLOG)]
    await store.take([OutMessage(f"m-{name}", "t.v1", name, name, 1, NOW, b"{}") for name in names], (), ())


async def most_are_over(pool: asyncpg.Pool[Any], store: DeliveryStore) -> None:
    """The first ones are delivered, and their reports are sent and confirmed, one after the other."""
    await pool.execute(_OVER, OVER)
    ids = [f"r-d-{number}" for number in range(OVER)]
    await store.store_poll(None, "1", [told(name.removeprefix("r-")) for name in ids])
    for first in range(0, OVER, 50):
        some = ids[first : first + 50]
        await store.mark_sent(dict.fromkeys(some, 60.0))
        await store.take((), [Confirmed(name, None) for name in some], ())


@pytest.mark.parametrize("has_statistics", [False, True])
async def test_the_statements_of_a_delivery_read_few_rows_whatever_waits_and_is_over(
    pool: asyncpg.Pool[Any], store: DeliveryStore, *, has_statistics: bool
) -> None:
    await backlog(store)
    await most_are_over(pool, store)
    if has_statistics:
        await pool.execute("analyze delivery, delivery_report")
    (lease,) = await store.lease(1, 30.0)
    ended = Finished(lease, "delivered", Delivered({}), told(lease.message.dossier))
    columns = finished_columns([ended], "postal", REPORTS_KEY)
    found = {
        "lease": await pages(pool, queries.LEASE_HEADS, 4, 30.0, True, None),
        "finish": await pages(pool, queries.FINISH, *columns),
    }
    await store.finish([ended])
    ids = [waiting.report.id for waiting in await store.reports_to_send(100)]
    found["to send"] = await pages(pool, queries.REPORTS_TO_SEND, 100)
    found["mark"] = await pages(pool, queries.MARK_SENT, ids, [60.0])
    found["confirm"] = await pages(pool, queries.CONFIRM_REPORTS, ids, [None])
    assert len(ids) == 1
    assert {name: count for name, count in found.items() if count > FEW} == {}, found
