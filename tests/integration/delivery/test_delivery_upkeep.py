"""The delivery tables over time: sweeps page by page, an operator's pause, and time that does not count."""

from __future__ import annotations

from typing import Any

import asyncpg

from hub.delivery.store import DeliveryStore
from tests.integration.delivery.test_delivery_store import LEASE_S, leased_without_calls, message, swept


async def test_a_sweep_goes_on_page_after_page_behind_rows_that_stay_and_rows_of_the_same_moment(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await pool.execute(
        """
        insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at,
                              is_report_due)
        select 'postal', 'm-' || n, 'd-' || n, n, 'a', 'b', now(), '', 'delivered',
               timestamptz '2020-01-01' + (n / 5) * interval '1 day', n in (1, 2, 3, 9)
        from generate_series(1, 23) n
        """
    )
    await pool.execute(
        """
        insert into delivery_poison (adapter, topic, partition, "offset", why, headers, stored_at)
        select 'postal', 'out.postal', 0, n, 'why', '[]', date '2020-01-01' from generate_series(1, 5) n
        """
    )
    assert await swept(store) == 19 + 5
    rows = await pool.fetch("select id from delivery order by sequence")
    assert [row["id"] for row in rows] == ["m-1", "m-2", "m-3", "m-9"]


async def test_nothing_is_leased_for_a_call_from_the_moment_of_the_operators_pause_on(
    store: DeliveryStore,
) -> None:
    await store.take([message(1)], (), ())
    await store.pause("works at the counterpart", "operator-1")
    assert await store.lease(2, LEASE_S) == []
    await store.resume()
    assert [lease.message.id for lease in await store.lease(2, LEASE_S)] == ["m-1"]


async def _age(pool: asyncpg.Pool[Any], hours: float) -> None:
    await pool.execute("update delivery set first_at = now() - make_interval(hours => $1)", hours)


async def test_the_time_in_which_no_process_was_there_does_not_count(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await store.take([message(1)], (), ())
    await _age(pool, 8)
    await pool.execute("insert into delivery_beat values ('postal', now() - interval '7 hours')")
    await store.beat(is_held=False, silent_s=60)
    await store.beat(is_held=False, silent_s=60)
    assert await leased_without_calls(store, 2 * 3600) == []
    assert 3590 < (await store.lease(1, LEASE_S))[0].age_s < 3610


async def test_the_time_of_a_pause_or_a_maintenance_window_is_one_hold_that_grows_and_does_not_count(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await store.take([message(1)], (), ())
    await _age(pool, 1)
    for _ in range(2):
        await pool.execute("insert into delivery_beat values ('postal', now()) on conflict do nothing")
        await pool.execute("update delivery_beat set seen_at = now() - interval '30 minutes'")
        await pool.execute("update delivery_hold set ended_at = (select seen_at from delivery_beat)")
        await store.beat(is_held=True, silent_s=60 * 60)
    assert await pool.fetchval("select count(*) from delivery_hold") == 1
    assert 1790 < (await store.lease(1, LEASE_S))[0].age_s < 1810
