"""Rows that no engine has written: the engine goes on beside them, and says which they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from hub.budget.allowance import Use
from hub.budget.brake import LONGEST_PAUSE_S
from hub.budget.brakes_store import read_brakes
from hub.budget.spending import Spending, day_of, read_budgets
from hub.embedded.stack import StackAddress
from hub.engine.redriving import order_redrive
from hub.facts.message import Message
from tests.support.clients import Client
from tests.support.gateways import own_site
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.traffic import metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

BY = ("--operator", "operator-1", "--reason", "a court's order", "--yes")
BLOCKED = "insert into blocked_message (topic, shard, payload, mac) values ('out.counter-a', $1, $2, $3)"
TIMER = """
insert into timer (dossier_id, name, kind, due_at, shard) values ($1, $2, 'due', $3::text::timestamptz, $4)
"""
PARKED = """
insert into parked_request (dossier_id, participant, request_id, reason, record)
values ($1, 'a', 'b', 'c', 'x')
"""
LETTER = """
insert into dead_letter (topic, partition, at_offset, received_at, reason, record)
values ('in.counter-a', 0, 1000, now(), 'x', 'garbage')
"""
MOST = 2**63 - 1
FULL = "insert into participant_use (participant, day, kind, records, bytes) values ($1, $2, $3, $4, $4)"
REDRIVEN = "select outcome from redrive where dossier_id = $1"


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as running:
        yield running


def message(event_id: str) -> Message:
    return Message("out.counter-a", "key", (("ce_id", event_id.encode()), ("ce_type", b"t")), b"{}")


async def test_an_engine_passes_over_rows_that_it_has_not_written_and_does_its_work(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    dossier = str((await counter.ask(SUBMIT, "ref:1", submission())).data["dossier"])
    assert await engine.stop() == 0
    genuine, forged = message("genuine").encode(), message("forged").encode()
    for payload, check in (
        (b"garbage", None),
        (forged, None),
        (forged, hub.store_key.blocked("out.counter-a", 1, forged)),
        (genuine, hub.store_key.blocked("out.counter-a", 0, genuine)),
    ):
        await hub.database.execute(BLOCKED, 0, payload, check)
    for shard in range(4):
        for due_at in ("-infinity", "0044-03-15 BC", "1066-10-14"):
            await hub.database.execute(TIMER, dossier, f"{due_at} {shard}", due_at, shard)
    await hub.database.execute(PARKED, dossier)
    assert await order_redrive(hub.database, dossier, "operator", "forged")

    engine.start()
    await eventually(lambda: "genuine" in told(counter), 20, "the genuine message", engine.output)

    async def left() -> set[str]:
        rows = await hub.database.fetch("select id from blocked_message")
        return {f"blocked_message {row['id']}" for row in rows}

    async def is_genuine_gone() -> bool:
        return len(await left()) == 3

    await eventually(is_genuine_gone, 20, "the row of the genuine message to go", engine.output)
    named = await left()
    await eventually(lambda: is_named(hub, named, "timer "), 20, "the rows to be named", engine.output)

    async def outcome() -> bool:
        return str(await hub.database.fetchval(REDRIVEN, dossier)).startswith("failed again: parked_request")

    await eventually(outcome, 20, "the redrive", engine.output)
    assert (await counter.ask(SUBMIT, "ref:2", submission())).data["dossier"]
    assert "forged" not in told(counter)
    assert await metric(hub.processes[-1], "hub_untrusted_rows_total", kind="blocked_message") >= 3
    status, said = await hub_command(hub.environment, "verify")
    assert status == 1
    assert all(name in said for name in named)
    assert (
        f"dossier {dossier}: its timers are not those of its state" in said or "requests are parked" in said
    )


def told(counter: Client) -> set[str]:
    return {message.headers["ce_id"] for message in counter.inbox}


def is_named(hub: Hub, names: set[str], kind: str) -> bool:
    rows = {str(line.get("row")) for process in hub.processes for line in process.actions("row_untrusted")}
    return names <= rows and any(row.startswith(kind) for row in rows)


async def test_limits_that_cannot_be_are_not_stored_and_not_believed(hub: Hub) -> None:
    await hub.join("counter-a", ["counter"], [ONE_STOP])
    for table in ("participant_budget", "participant_brake"):
        constraint = "limits" if table == "participant_budget" else "until"
        await hub.database.execute(f"alter table {table} drop constraint {table}_{constraint}")
    await hub.database.execute(
        "insert into participant_budget (participant, records_per_day, letters) values ('counter-a', 0, 5)"
    )
    await hub.database.execute(
        "insert into participant_brake (participant, reason, until) values ('counter-a', 'x', 'infinity')"
    )
    own = (await read_budgets(hub.database))["counter-a"]
    assert (own["records_per_day"], own["letters"]) == (None, 5)
    for until, left_s in (("infinity", LONGEST_PAUSE_S), ("4000-01-01", LONGEST_PAUSE_S), ("-infinity", 0.0)):
        await hub.database.execute("update participant_brake set until = $1::text::timestamptz", until)
        assert [row.left_s for row in await read_brakes(hub.database)] == [left_s]


async def test_an_erasure_passes_over_what_cannot_be_read_and_says_so(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    dossier = str((await counter.ask(SUBMIT, "ref:1", submission())).data["dossier"])
    await counter.receipt(await counter.send(WITHDRAW, dossier.upper(), b"{"))
    assert await engine.stop() == 0
    await hub.database.execute(LETTER)
    await hub.database.execute(BLOCKED, 0, f"garbage {dossier}".encode(), None)
    status, said = await hub_command(hub.environment, "erase", dossier, *BY)
    assert status == 0, said
    assert "1 dead letters dropped" in said
    assert "1 dead letters cannot be read" in said


async def test_a_use_that_the_column_hardly_holds_ends_no_engine_and_no_upload(
    hub: Hub, tmp_path: Path
) -> None:
    await hub.database.execute(FULL, "counter-a", day_of(datetime.now(UTC)), "events", MOST)
    spending = Spending()
    for _ in range(2):
        spending.count("counter-a", Use(5, 500))
        await spending.flush(hub.database)
    assert spending.today("counter-a") == Use(MOST, MOST)
    scan, kind = b"%PDF-1.7\n a scan of nothing", {"content-type": "application/pdf"}
    place = "/v1/documents?sha256="
    await hub.start_engine()
    async with own_site(hub, tmp_path) as site:
        visitor = await site.join("counter-h", ["counter"], [ONE_STOP])
        await hub.database.execute(FULL, visitor.name, day_of(datetime.now(UTC)), "uploads", MOST)
        for value, name, status in (
            (MOST, sha256(scan).hexdigest(), 429),
            (-MOST, "0" * 64, 400),
            (-MOST, sha256(scan).hexdigest(), 201),
        ):
            await hub.database.execute("update participant_use set bytes = $1, records = $1", value)
            answer = await visitor.client.post(place + name, headers=kind, content=scan)
            assert answer.status_code == status
        assert not site.gateway.actions("request_failed")
