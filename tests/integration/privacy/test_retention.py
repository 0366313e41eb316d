"""What is over is deleted, what is not stays: rows on both sides of each bound, on a real PostgreSQL."""

from __future__ import annotations

import asyncpg
import orjson
from obstore.store import MemoryStore
from prometheus_client import CollectorRegistry

from hub.delivery.stored_outcome import read_outcome
from hub.documents.store import DocumentStore
from hub.facts.message import Message
from hub.facts.sealing import MasterKey
from hub.postgres.database import Connection, Session
from hub.privacy.metrics import RetentionMetrics
from hub.privacy.retention import Retention
from tests.support.erasures import erased
from tests.support.hub_commands import store_settings

MASTER = MasterKey(bytes(range(32)))
_ENDED_TODAY = "select count(*) from retention_run where ended_at > now() - interval '1 day'"
DOSSIER = "00000000-0000-8000-8000-000000000001"
FATHER = "Trần Văn Cha Giả"
"""Synthetic."""


def nothing_stored() -> DocumentStore:
    return DocumentStore(MemoryStore(), 1000)


async def swept(dsn: str, registry: CollectorRegistry | None = None, **settings: float) -> None:
    """One sweep, as an engine does it."""
    tree = store_settings(dsn, **settings)
    session = Session(tree.postgres, "test-sweep")
    await session.open()
    try:
        metrics = RetentionMetrics(registry or CollectorRegistry())
        await Retention(session, tree, metrics, nothing_stored(), MASTER).step()
    finally:
        await session.close()


async def letter(
    store: Connection, offset: int, *, received_days: float, resolved_days: float | None = None
) -> None:
    await store.execute(
        """
        insert into dead_letter (topic, partition, at_offset, received_at, reason, record, resolved_at)
        values ('in.counter-a', 0, $1, now() - make_interval(hours => $2), 'envelope.no_json', $3,
                now() - make_interval(hours => $4))
        """,
        offset,
        int(received_days * 24),
        b"raw" if resolved_days is None else b"",
        None if resolved_days is None else int(resolved_days * 24),
    )


async def test_an_unresolved_dead_letter_loses_its_bytes_after_its_time_and_keeps_its_row(
    store: Connection, hub_database: str
) -> None:
    await letter(store, 1, received_days=90.5)
    await letter(store, 2, received_days=89.5)
    registry = CollectorRegistry()
    await swept(hub_database, registry)
    rows = await store.fetch(
        "select at_offset, record, dropped_at is not null as dropped from dead_letter order by 1"
    )
    assert [tuple(row) for row in rows] == [(1, b"", True), (2, b"raw", False)]
    assert registry.get_sample_value("hub_retention_removed_total", {"kind": "dead_letter_bytes"}) == 1
    assert (registry.get_sample_value("hub_retention_last_success_timestamp_seconds") or 0) > 1_700_000_000
    before = await store.fetchval("select dropped_at from dead_letter where at_offset = 1")
    await swept(hub_database)
    assert await store.fetchval("select dropped_at from dead_letter where at_offset = 1") == before


async def test_resolved_dead_letters_go_after_the_history_and_open_ones_never_go(
    store: Connection, hub_database: str
) -> None:
    await letter(store, 1, received_days=40, resolved_days=30.5)
    await letter(store, 2, received_days=40, resolved_days=29.5)
    await letter(store, 3, received_days=400)
    await swept(hub_database, history_days=30)
    assert await store.fetchval("select array_agg(at_offset order by at_offset) from dead_letter") == [2, 3]


async def test_redrive_commands_go_after_the_history_when_they_are_done(
    store: Connection, hub_database: str
) -> None:
    await store.execute(
        """
        insert into redrive (dossier_id, operator, reason, requested_at, done_at)
        select gen_random_uuid(), name, 'a test', now() - interval '50 days', now() - done
        from (values ('over', interval '31 days'), ('recent', interval '29 days'), ('waits', null))
             w(name, done)
        """
    )
    await swept(hub_database, history_days=30)
    assert await store.fetchval("select array_agg(operator order by operator) from redrive") == [
        "recent",
        "waits",
    ]


async def test_messages_for_a_participant_that_never_came_back_go_and_facts_wait_for_ever(
    store: Connection, hub_database: str
) -> None:
    await store.execute(
        """
        insert into blocked_message (topic, shard, payload, blocked_at) values
            ('out.gone', 0, 'over', now() - interval '15 days'),
            ('out.gone', 0, 'waits', now() - interval '13 days'),
            ('dossier.facts', 0, 'fact', now() - interval '400 days')
        """
    )
    await swept(hub_database)
    rows = await store.fetch("select convert_from(payload, 'UTF8') as text from blocked_message order by id")
    assert [row["text"] for row in rows] == ["waits", "fact"]


async def test_finished_deliveries_of_an_adapter_that_does_not_run_go_after_their_time(
    store: Connection, hub_database: str
) -> None:
    await store.execute(
        """
        insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at)
        select 'gone', id, 'd-' || id, 1, 't', 's', now(), 'x', state, now() - ended
        from (values ('over', 'delivered', interval '31 days'), ('recent', 'rejected', interval '29 days'),
                     ('open', 'pending', null)) w(id, state, ended)
        """
    )
    await store.execute(
        """
        insert into delivery_poison (adapter, topic, partition, "offset", why, headers, value, stored_at)
        select 'gone', 'out.gone', 0, n, 'bad_json', '[]', 'raw', now() - make_interval(days => days)
        from (values (1, 91), (2, 89)) w(n, days)
        """
    )
    await swept(hub_database)
    assert await store.fetchval("select array_agg(id order by id) from delivery") == ["open", "recent"]
    assert await store.fetchval('select array_agg("offset") from delivery_poison') == [2]
    assert await store.fetchval("select dossier from delivery_mark") == "d-over"


async def test_deliveries_of_an_erased_dossier_are_emptied_when_they_and_their_report_are_over(
    store: Connection, hub_database: str
) -> None:
    told = orjson.dumps({"kind": "delivered", "answer": {"name": FATHER}}).decode()
    await store.execute(
        """
        insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at,
                              report_id, is_doubtful, outcome)
        select 'postal', id, dossier, 1, 't', 's', now(), 'x', state, ended, report, state = 'unknown',
               case when ended is not null then $1::jsonb end
        from (values
            ('over', '00000000-0000-8000-8000-000000000001', 'delivered', now(), 'r-1'),
            ('unconfirmed', '00000000-0000-8000-8000-000000000001', 'delivered', now(), 'r-2'),
            ('in doubt', '00000000-0000-8000-8000-000000000001', 'unknown', null, null),
            ('came later', '00000000-0000-8000-8000-000000000001', 'pending', null, null),
            ('other', '00000000-0000-8000-8000-000000000002', 'delivered', now(), null),
            ('other, to send', '00000000-0000-8000-8000-000000000002', 'pending', null, null)
        ) w(id, dossier, state, ended, report)
        """,
        told,
    )
    await store.execute(
        """
        insert into delivery_report (adapter, id, type, subject, time, data, state) values
            ('postal', 'r-1', 't', 's', now(), 'x', 'confirmed'),
            ('postal', 'r-2', 't', 's', now(), 'x', 'sent')
        """
    )
    await erase(store)
    await swept(hub_database)
    rows = await store.fetch("select id, state, data <> '' as is_full, outcome::text as told from delivery")
    states = {row["id"]: (row["state"], row["is_full"], FATHER in str(row["told"])) for row in rows}
    assert states == {
        "over": ("delivered", False, False),
        "unconfirmed": ("delivered", True, True),
        "in doubt": ("unknown", True, False),
        "came later": ("rejected", False, False),
        "other": ("delivered", True, True),
        "other, to send": ("pending", True, False),
    }
    assert await store.fetchval("select array_agg(id) from delivery_report where data = ''") == ["r-1"]
    outcomes = await store.fetch("select outcome::text from delivery where outcome is not null")
    assert all(read_outcome(row["outcome"]) for row in outcomes)


async def erase(store: Connection) -> None:
    await erased(store, MASTER.store, DOSSIER)


async def test_reports_that_no_delivery_caused_are_emptied_by_id_code_and_own_reference(
    store: Connection, hub_database: str
) -> None:
    await store.execute(
        """
        insert into alias values ('code:000.12.34.H07-261123-0001', $1), ('ref:portal:tk-1', $1),
                                 ('ref:counter-a:tk-2', $1)
        """,
        DOSSIER,
    )
    await store.execute(
        """
        insert into delivery_report (adapter, id, type, subject, time, data, state)
        select adapter, id, 't', subject, now(), 'x', state from (values
            ('postal', 'by id', '00000000-0000-8000-8000-000000000001', 'confirmed'),
            ('postal', 'by code', '000.12.34.H07-261123-0001', 'confirmed'),
            ('portal', 'by reference', 'ref:tk-1', 'confirmed'),
            ('portal', 'not told yet', 'ref:tk-1', 'sent'),
            ('portal', 'reference of another', 'ref:tk-2', 'confirmed'),
            ('postal', 'of another', '000.12.34.H07-261123-0002', 'confirmed')
        ) w(adapter, id, subject, state)
        """
    )
    await erase(store)
    await swept(hub_database)
    emptied = await store.fetch("select id from delivery_report where data = '' order by id")
    assert [row["id"] for row in emptied] == ["by code", "by id", "by reference"]


async def test_a_message_that_was_set_aside_behind_an_erasure_is_emptied_by_the_next_sweep(
    store: Connection, hub_database: str
) -> None:
    await erase(store)
    headers = (("ce_id", b"m-1"), ("ce_type", b"onestop.dossier.submitted.v1"))
    waiting = Message("out.counter-a", DOSSIER, headers, orjson.dumps({"applicant": {"name": FATHER}}))
    await store.execute(
        "insert into blocked_message (topic, shard, payload) values ('out.counter-a', 0, $1)",
        waiting.encode(),
    )
    await swept(hub_database)
    assert FATHER.encode() not in await store.fetchval("select payload from blocked_message")


async def test_more_rows_than_one_page_are_swept_at_once(store: Connection, hub_database: str) -> None:
    await store.execute(
        """
        insert into redrive (dossier_id, operator, reason, done_at)
        select gen_random_uuid(), 'o', 'r', now() - interval '400 days' from generate_series(1, 1200)
        """
    )
    await swept(hub_database)
    assert await store.fetchval("select count(*) from redrive") == 0


async def test_only_one_engine_sweeps_and_none_before_the_pause_is_over(
    store: Connection, hub_database: str
) -> None:
    await letter(store, 1, received_days=100)
    other: Connection = await asyncpg.connect(hub_database)
    await other.execute("select pg_advisory_lock(4714)")
    await swept(hub_database)
    assert await store.fetchval("select record from dead_letter") == b"raw"
    await other.close()
    await store.execute("insert into retention_run (ended_at) values (now() - interval '59 minutes')")
    tree = store_settings(hub_database, every_s=3600)
    session = Session(tree.postgres, "test-sweep")
    await session.open()
    retention = Retention(session, tree, RetentionMetrics(CollectorRegistry()), nothing_stored(), MASTER)
    await retention.look()
    assert await store.fetchval("select record from dead_letter") == b"raw"
    await store.execute("update retention_run set ended_at = now() - interval '61 minutes'")
    await retention.look()
    assert await store.fetchval("select record from dead_letter") == b""
    await session.close()


async def test_a_step_that_fails_is_counted_and_holds_no_other_up(
    store: Connection, hub_database: str
) -> None:
    await letter(store, 1, received_days=100)
    await store.execute("alter table redrive rename to elsewhere")
    registry = CollectorRegistry()
    await swept(hub_database, registry)
    assert await store.fetchval("select record from dead_letter") == b""
    assert registry.get_sample_value("hub_retention_failures_total", {"kind": "redrive"}) == 1
    assert await store.fetchval(_ENDED_TODAY) == 0
    await store.execute("alter table elsewhere rename to redrive")
    await swept(hub_database)
    assert await store.fetchval(_ENDED_TODAY) == 1
