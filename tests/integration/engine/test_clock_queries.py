"""What is asked by the clock stays cheap with 2,000,000 dossiers: an index, and few pages of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.delivery import queries
from hub.embedded.stack import StackAddress
from hub.engine import redriving
from hub.engine import timers as clockwork
from hub.engine.observe import gauges, supplies
from hub.facts.integrity import FILE_NAME
from hub.facts.trusted import FACTS_OF_DOSSIER
from hub.oversight import dossiers, due, failures, lag
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from hub.postgres.database import Connection
from hub.privacy import erased_deliveries, licensed_data, retention
from hub.settings import RetentionSettings
from tests.support.gateways import Gateway
from tests.support.hubs import Hub, own_hub
from tests.support.traffic import metric
from tests.support.waiting import eventually

MOST_PAGES = 8_000
"""Of 8 KiB that a statement may look at, all of them in memory as a rule."""
LARGE = 10_000
"""Rows from which on a table may not be read as a whole."""
_FILL = (
    "set synchronous_commit = off",
    """insert into dossier (id, sequence, state)
        select ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 9, 'x'
        from generate_series(1, 2000000) n""",
    # One dossier of ten is open and has its timers; those of 3,000 are overdue, and 20,000 wait to be fired.
    """insert into timer (dossier_id, name, kind, due_at, shard)
        select ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, kind, kind,
               now() + (n - 20000) * interval '1 minute', n % 4
        from generate_series(1, 200000) n, unnest(array['due', 'apology']) kind""",
    """insert into overdue select ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, now()
        from generate_series(300001, 303000) n""",
    """insert into dead_letter (topic, partition, at_offset, received_at, reason, record, resolved_at)
        select 'in.a', 0, n, now() - interval '1 day', 'x', '', case when n > 20 then now() end
        from generate_series(1, 100000) n""",
    """insert into redrive (dossier_id, operator, reason, done_at)
        select gen_random_uuid(), 'x', 'x', now() from generate_series(1, 50000)""",
    """insert into erasure (dossier_id, operator, reason, erased_at)
        select ('00000000-0000-0000-0000-' || lpad(to_hex(n + 900000), 12, '0'))::uuid, 'x', 'x',
               now() - n * interval '1 minute' from generate_series(1, 100000) n""",
    """insert into code_block (unit, day, next)
        select 'u' || unit, current_date - day, 10
        from generate_series(1, 200) unit, generate_series(1, 500) day""",
    # One delivery of a thousand was answered with licensed data, most of which may still be used.
    """insert into delivery
            (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at, outcome)
        select 'a' || n % 3, n::text, '00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'), 1, 'x', 'x',
               now(), 'x', 'delivered', now() - interval '1 day',
               case when n % 1000 = 0 then jsonb_build_object('answer', jsonb_build_object('person_data',
                   jsonb_build_object('usable_until', now() + (n / 10000 - 2) * interval '1 day')))
               else '{"kind": "delivered", "answer": {}}' end
        from generate_series(1, 300000) n""",
    """insert into delivery_report (adapter, id, type, subject, time, data, state, confirmed_at)
        select 'a', n::text, case when n % 1000 = 0 then 'onestop.person_data.report.v1' else 'y' end,
               n::text, now(),
               convert_to(jsonb_build_object('usable_until', now() + interval '1 day')::text, 'UTF8'),
               'confirmed', now() from generate_series(1, 100000) n""",
    """insert into delivery_poison (adapter, topic, partition, "offset", why, key, headers)
        select 'a', 't', 0, n, 'x', convert_to(n::text, 'UTF8'), '[]' from generate_series(1, 300000) n""",
    """insert into retention_run (ended_at) values (now() - interval '1 day')""",
)
_TABLES = (
    "dossier", "timer", "overdue", "dead_letter", "redrive", "erasure", "code_block", "parked_request",
    "delivery", "delivery_report", "delivery_poison", "fact", "alias",
)  # fmt: skip
_READ_WHOLE = """
select relname, seq_tup_read from pg_stat_user_tables
where n_live_tup > $1 and seq_tup_read > 0 and relname <> all($2)
"""
_READ_ON_PURPOSE = ["erasure"]
"""Its ids are gone through at a start, at an erasure and once an hour: what comes in again has to go."""


def statements() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """What an engine asks by its clock, with the arguments of a busy day."""
    now = datetime.now(UTC)
    yield "gauges: what waits", gauges.WAITING, ()
    yield "gauges: at risk", gauges.AT_RISK, (now, now + timedelta(days=1))
    yield "gauges: overdue", gauges.OVERDUE, (now - timedelta(days=13),)
    yield "clockwork", clockwork.DUE, ([0, 1], now)
    yield "redrive", redriving.WAITING, ()
    yield "codes", supplies.LEASED, (now.date(),)
    yield "retention: parked", retention.OLD_PARKED, (now - timedelta(days=90), 500)
    yield "retention: erased", retention.ERASED_LATELY, (3600.0,)
    yield "retention: licensed answers", licensed_data.ANSWERS, (now,)
    yield "retention: licensed reports", licensed_data.REPORTS, (now,)
    gone = [f"00000000-0000-0000-0000-{number:012x}" for number in range(erased_deliveries.PAGE)]
    yield "retention: unsent of erased", erased_deliveries.END_UNSENT, (gone, "{}")
    yield "retention: ended of erased", erased_deliveries.EMPTY, (gone,)
    yield "retention: reports of erased", erased_deliveries.EMPTY_REPORTS, (gone,)
    yield (
        "retention: unreadable of erased",
        erased_deliveries.POISON,
        ([dossier.encode() for dossier in gone],),
    )
    yield "retention: open of erased", erased_deliveries.OPEN, (gone,)
    yield from operators_statements(now)
    for sweep in retention.sweeps(RetentionSettings()):
        yield f"retention: {sweep.kind}", sweep.statement, (now - timedelta(days=sweep.days), 500)


def operators_statements(now: datetime) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """What operators ask by command."""
    one, first, last = (f"00000000-0000-0000-0000-{number:012x}" for number in (1000, 0, 1999000))
    yield "dossier find", dossiers.NEWEST, (first, last, 1000)
    yield "dossier show", dossiers.BY_IDS, ([one],)
    yield "dossier show: parked", dossiers.PARKED, (one,)
    yield "dossier show: deliveries", dossiers.DELIVERIES, (one,)
    yield "dossier timeline", FACTS_OF_DOSSIER, (one,)
    yield "due list", due.DUE, (["due"], now + timedelta(hours=8), 1001)
    yield "due list: overdue", due.OVERDUE, (1001,)
    yield "lag: deliveries", lag.DELIVERIES, ()
    yield "lag: reports", lag.REPORTS, ()
    yield "deliveries list", queries.LIST_DELIVERIES, (None, ["unknown", "rejected", "dead"], 50)
    for statement, is_lately in failures.statements():
        yield f"failures: {statement}", statement, (now - failures.LATELY,) if is_lately else ()


async def fill(store: Connection) -> None:
    for statement in _FILL:
        await store.execute(statement)
    for table in _TABLES:
        await store.execute(f"vacuum analyze {table}")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def plan_of(store: Connection, statement: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    async with store.transaction():
        explained = await store.fetchval(f"explain (analyze, buffers, format json) {statement}", *arguments)
        plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
        return plan


async def assert_cheap(store: Connection) -> None:
    rows = {
        row["relname"]: row["reltuples"]
        for row in await store.fetch("select relname, reltuples from pg_class")
    }
    for name, statement, arguments in statements():
        plan = await plan_of(store, statement, arguments)
        pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        whole = [
            node["Relation Name"]
            for node in nodes(plan)
            if node["Node Type"] == "Seq Scan" and rows[node["Relation Name"]] > LARGE
        ]
        assert (whole, pages < MOST_PAGES) == ([], True), (name, pages, json.dumps(plan, indent=1)[:3000])


@pytest.mark.long
async def test_no_statement_of_the_clock_reads_a_large_table_as_a_whole(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        await fill(hub.database)
        await assert_cheap(hub.database)
        await assert_running_processes_read_by_index(hub, tmp_path)


async def assert_running_processes_read_by_index(hub: Hub, folder: Path) -> None:
    """The same of whatever else an engine and a gateway ask while they have nothing to do but wait."""
    await hub.database.execute("update timer set due_at = due_at + interval '30 days'")
    await hub.database.execute("vacuum analyze timer")
    before = await read_whole(hub)
    engine = hub.engine(HUB_RETENTION__EVERY_S="1")
    engine.start()
    gateway = Gateway("gateway", "gateway", hub.environment | await gateway_user(hub), folder)
    hub.processes.append(gateway)
    gateway.start()
    await engine.ready()
    await gateway.ready()

    async def has_swept_and_counted() -> bool:
        return (
            await metric(engine, "hub_retention_last_success_timestamp_seconds") > 0
            and await metric(engine, "hub_deadlines_overdue") > 0
        )

    await eventually(has_swept_and_counted, 60, "a sweep and a count", engine.output)
    assert await engine.stop() == 0
    assert await gateway.stop() == 0
    assert await read_whole(hub) == before


async def read_whole(hub: Hub) -> dict[str, int]:
    """How many rows of each large table were read by reading it as a whole."""
    await hub.database.execute("select pg_stat_force_next_flush()")
    return {
        row["relname"]: row["seq_tup_read"]
        for row in await hub.database.fetch(_READ_WHOLE, LARGE, _READ_ON_PURPOSE)
    }


async def gateway_user(hub: Hub) -> dict[str, str]:
    password = await participants.set_up_gateway(hub.admin, hub.database, hub.store_key)
    return {
        "HUB_KAFKA__USER": f"{hub.prefix}{GATEWAY}",
        "HUB_KAFKA__PASSWORD": password,
        "HUB_STORE_KEY_FILE": str(hub.master_key_file.with_name(FILE_NAME)),
    }
