"""Rows of the delivery tables that the adapter has not written so, and messages of erased dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from hub.delivery.adapter import OutMessage
from hub.delivery.store import DeliveryStore
from tests.integration.delivery.test_delivery_store import LEASE_S, message


async def test_rows_that_the_adapter_has_not_written_so_end_neither_its_start_nor_its_count(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await store.take([message(number, f"d-{number}") for number in (1, 2, 3, 4)], (), ())
    await pool.execute("update delivery set time = 'infinity', first_at = '290000-01-01'")
    assert len(await store.lease(10, LEASE_S)) == 4
    await pool.execute(
        """
        update delivery set state = 'dead', ended_at = 'infinity', is_report_due = true,
            outcome = case id when 'm-3' then '{"kind": "not_found"}' when 'm-2' then $1 else '[5]'
                end::jsonb""",
        "[" * 4000 + "]" * 4000,
    )
    await pool.execute(
        "insert into delivery_gap select $1, 't', 0, -9223372036854775807, n from generate_series(1, 9) n",
        store.adapter,
    )
    assert [due.message.id for due in await store.reports_due()] == ["m-3"]
    assert (await store.counts()).dead == 4
    assert await store.messages_gone() > 0


async def test_what_comes_of_a_dossier_that_was_erased_meanwhile_is_neither_sent_nor_kept(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    gone, living = "01a228fc-37cc-8b0d-85b8-1c238af325ba", "01a228fc-37cc-8b0d-85b8-1c238af325bb"
    for dossier in (gone, living):
        await pool.execute(
            "insert into erasure (dossier_id, operator, reason) values ($1, 'op', 'a test')", dossier
        )
    await pool.execute("insert into dossier_key values ($1, '')", living)
    kept: list[str] = []

    async def keep(_: object, messages: Sequence[OutMessage]) -> list[str]:
        kept.extend(message.dossier for message in messages)
        return []

    await store.take([message(1, gone), message(2, living), message(3, "d-1")], (), (), keep)
    assert sorted(kept) == sorted((living, "d-1"))
    assert {lease.message.dossier for lease in await store.lease(10, LEASE_S)} == {living, "d-1"}
    row = await pool.fetchrow("select state, data, outcome ->> 'code' from delivery where dossier = $1", gone)
    assert row is not None
    assert tuple(row) == ("rejected", b"", "dossier.erased")
