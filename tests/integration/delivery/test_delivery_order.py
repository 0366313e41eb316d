"""The order of reports on a real PostgreSQL while several transactions store them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.delivery import queries
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.outcome import Delivered
from hub.delivery.rows import Finished, report_fields
from hub.delivery.store import DeliveryStore
from tests.support.delivery_worlds import until
from tests.support.report_keys import REPORTS_KEY

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
_WAITING = """
select count(*) from pg_locks where not granted and locktype = 'advisory' and classid = 4717
    and database = (select oid from pg_database where datname = current_database())
"""


def report(name: str, subject: str = "d-1") -> Report:
    return Report(name, "t.report.v1", subject, NOW, b'{"b":2}')


async def _stored_by_door(store: DeliveryStore) -> None:
    async with store._pool.acquire() as connection, connection.transaction():
        await store.add_report(connection, report("second"))


async def _stored_by_poll(store: DeliveryStore) -> None:
    await store.store_poll(None, "2", [report("other", "d-2"), report("second")])


async def _stored_with_outcome(store: DeliveryStore) -> None:
    (lease,) = await store.lease(10, 30.0)
    await store.finish([Finished(lease, "delivered", Delivered({}), report("second"))])


async def _attached_late(store: DeliveryStore) -> None:
    (lease,) = await store.lease(10, 30.0)
    await store.finish([Finished(lease, "delivered", Delivered({}), None, is_due=True)])
    await store.attach_report("m-1", report("second"))


@pytest.mark.parametrize("later", [_stored_by_door, _stored_by_poll, _stored_with_outcome, _attached_late])
async def test_a_report_is_seen_by_none_before_an_earlier_one_of_its_subject(
    store: DeliveryStore, pool: asyncpg.Pool[Any], later: Any
) -> None:
    await store.take([OutMessage("m-1", "t.v1", "d-1", "d-1", 1, NOW, b"{}")], (), ())
    async with pool.acquire() as connection:
        first = connection.transaction()
        await first.start()
        await store.add_report(connection, report("first"))
        second = asyncio.create_task(later(store))
        await until(lambda: _is_waiting_or_done(pool, second))
        assert await store.reports_to_send(10) == []
        await first.commit()
    await second
    sent = [
        waiting.report.id for waiting in await store.reports_to_send(10) if waiting.report.subject == "d-1"
    ]
    assert sent == ["first", "second"]


async def _is_waiting_or_done(pool: asyncpg.Pool[Any], task: asyncio.Task[Any]) -> bool:
    return task.done() or await pool.fetchval(_WAITING) > 0


async def test_reports_of_other_subjects_and_adapters_wait_for_none(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await store.add_report(connection, report("open", "d-1"))
        assert await store.store_poll(None, "2", [report("other", "d-2")]) == 1
        same = DeliveryStore(pool, "portal", REPORTS_KEY)
        assert await same.store_poll(None, "2", [report("portal's", "d-1")]) == 1


async def test_pages_that_name_the_same_subjects_in_another_order_do_not_lock_each_other_out(
    pool: asyncpg.Pool[Any],
) -> None:
    subjects = [f"d-{number}" for number in range(40)]

    async def keep(name: str, order: list[str]) -> None:
        for number in range(20):
            rows = [
                report_fields(report(f"{name}-{number}-{subject}", subject), "postal", REPORTS_KEY)
                for subject in order
            ]
            columns = (list(column) for column in zip(*rows, strict=True))
            await pool.fetch(queries.STORE_REPORTS, "postal", *columns)

    await asyncio.gather(
        keep("a", subjects), keep("b", subjects[::-1]), keep("c", subjects[7:] + subjects[:7])
    )
    assert await pool.fetchval("select count(*) from delivery_report") == 3 * 20 * 40
