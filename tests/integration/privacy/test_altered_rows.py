"""Rows written by who has the database but not the master key: none is decided on, and each is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from hub.dossier.state.model import VERSION
from hub.embedded.stack import StackAddress
from hub.engine.intake.positions import accept_gap
from hub.engine.redriving import order_redrive
from hub.facts.entries import WholeEntry, encode_segment
from hub.facts.message import Message
from hub.kafka.log_inspector import LogEnds
from tests.support.clients import Client
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.stored_states import forgotten, write_state
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1) as running:
        yield running


async def lodged(counter: Client, reference: str) -> str:
    receipt = await counter.ask(SUBMIT, reference, submission())
    return str(receipt.data["dossier"])


async def named(engine: HubProcess, row: str) -> None:
    """The log names the row."""
    await eventually(
        lambda: any(line.get("row") == row for line in engine.actions("row_untrusted")),
        30,
        row,
        engine.output,
    )


async def is_parked(hub: Hub, dossier: str) -> bool:
    query = "select count(*) > 0 from parked_request where dossier_id = $1 and reason = 'altered'"
    return bool(await hub.database.fetchval(query, dossier))


DOSSIER = (
    """
    update dossier set state = replace(convert_from(state, 'UTF8'), '"submitted"', '"withdrawn"')::bytea
    where id = $1
    """,
    "update dossier set head = sha256('x') where id = $1",
    "update dossier set private = 'x' where id = $1",
    "update dossier set sequence = 7 where id = $1",
    """
    update dossier_key set wrapped = (select wrapped from dossier_key where dossier_id <> $1 limit 1)
    where dossier_id = $1
    """,
    "delete from dossier_key where dossier_id = $1",
    "update dossier set parked = -1 where id = $1",
)
KEEP = "create table kept as select d.*, k.wrapped from dossier d join dossier_key k on k.dossier_id = d.id"
RESTORE = (
    """
    update dossier d set head = k.head, sequence = k.sequence, state = k.state, private = k.private,
        mac = k.mac,
        parked = (select count(*) from parked_request p where p.dossier_id = d.id)
    from kept k where k.id = d.id and d.mac is null
    """,
    """
    insert into dossier_key select id, wrapped from kept
    on conflict (dossier_id) do update set wrapped = excluded.wrapped
    """,
)


async def test_requests_of_an_altered_dossier_wait_and_no_others_until_it_is_restored(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    healthy = await lodged(counter, "ref:healthy")
    sick = {statement: await lodged(counter, f"ref:{n}") for n, statement in enumerate(DOSSIER)}
    await hub.database.execute(KEEP)
    sent = []
    for statement, dossier in sick.items():
        await hub.database.execute(statement, dossier)
        await forgotten(hub)
        sent.append(await counter.send(WITHDRAW, dossier, {}))
        await named(engine, f"dossier {dossier}")
        assert await is_parked(hub, dossier), statement
    assert (await counter.ask(WITHDRAW, healthy, {})).data["facts"]
    assert not any(counter.receipts(event_id) for event_id in sent)

    for statement in RESTORE:
        await hub.database.execute(statement)
    for dossier in sick.values():
        assert await order_redrive(hub.database, dossier, "operator", "restored")
    for event_id in sent:
        assert (await counter.receipt(event_id)).data["facts"], "decided on what the hub itself had written"


async def test_an_altered_receipt_is_not_sent_again_and_others_are(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    first = await counter.send(SUBMIT, "ref:1", submission())
    await counter.receipt(first)
    await hub.database.execute("update inbox set receipt = receipt || '\\x00'::bytea where id = $1", first)
    await counter.send(SUBMIT, "ref:1", submission(), event_id=first)
    await lodged(counter, "ref:2")
    said, again = counter.receipts(first)
    assert said.data == again.data, "what the engine itself has answered a moment ago"
    await forgotten(hub)
    await counter.send(SUBMIT, "ref:1", submission(), event_id=first)
    await named(engine, f"inbox counter-a {first}")
    await lodged(counter, "ref:3")
    assert len(counter.receipts(first)) == 2


async def test_a_name_that_was_led_elsewhere_holds_its_sender_until_it_is_restored(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    other = await hub.join("counter-b", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    one, two = await lodged(counter, "ref:1"), await lodged(counter, "ref:2")
    lead = "update alias set dossier_id = $2 where alias = $1"
    await hub.database.execute(lead, "ref:counter-a:1", two)
    await forgotten(hub)
    waiting = await counter.send(WITHDRAW, "ref:1", {})
    await named(engine, f"alias of dossier {two}")
    await lodged(other, "ref:other")
    assert not counter.receipts(waiting)
    await hub.database.execute(lead, "ref:counter-a:1", one)
    assert (await counter.receipt(waiting)).data["dossier"] == one


async def test_a_moved_offset_stops_its_partition_and_nothing_is_skipped(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    await lodged(counter, "ref:1")
    assert await engine.stop() == 0
    skipped = await counter.send(SUBMIT, "ref:2", submission())
    behind = await counter.send(SUBMIT, "ref:3", submission())
    await hub.database.execute("update intake_offset set next = next + 1 where topic = $1", counter.in_topic)
    await hub.start_engine()

    async def reason() -> str:
        query = "select coalesce(stopped, '') from intake_offset where topic = $1"
        return str(await hub.database.fetchval(query, counter.in_topic))

    async def is_stopped() -> bool:
        return (await reason()).startswith("altered: the stored next offset 2 is not")

    await eventually(is_stopped, 30, "the partition to stop")
    assert not counter.receipts(skipped) + counter.receipts(behind)
    topic_id = hub.admin.topic_ids([counter.in_topic])[counter.in_topic]
    assert await accept_gap(hub.database, (counter.in_topic, 0), LogEnds(topic_id, 0, 3), hub.store_key)
    for event_id in (skipped, behind):
        assert (await counter.receipt(event_id)).data["facts"]


async def test_a_participant_written_into_a_fact_gets_it_neither_by_a_replay_nor_by_a_segment(
    hub: Hub,
) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    spy = await hub.join("spy", ["counter"], ["000.99.99.H07"])
    engine = await hub.start_engine()
    dossier = await lodged(counter, "ref:1")
    stored: bytes = await hub.database.fetchval("select bytes from fact")
    altered = orjson.dumps(orjson.loads(stored) | {"to": ["spy"]})
    await hub.database.execute("update fact set bytes = $1, hash = sha256($1)", altered)
    for name in ("spy", "counter-a"):
        status, said = await hub_command(hub.environment, "replay", name, *SURE)
        assert (status, f"hub: left out: fact {dossier} 1: " in said) == (1, True), said
        assert f"0 messages sent again to out.{name}" in said
    forged = Message("out.spy", dossier, (("ce_id", b"x"), ("ce_type", b"x")), b"{}")
    payload = encode_segment([WholeEntry.of(forged)])
    segment = await hub.database.fetchval(
        "insert into segment (shard, payload) values (1, $1) returning id", payload
    )
    await named(engine, f"segment {segment}")
    await lodged(counter, "ref:2")
    assert spy.inbox == []


async def test_a_state_of_a_newer_version_waits_for_the_newer_program_and_is_no_answer(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    other = await hub.join("counter-b", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    dossier = await lodged(counter, "ref:1")
    state = await hub.database.fetchval("select state from dossier where id = $1", dossier)
    await write_state(hub, dossier, orjson.dumps(orjson.loads(state) | {"v": VERSION + 1}))
    waiting = await counter.send(WITHDRAW, "ref:1", {})
    await named(engine, f"dossier {dossier}")
    await lodged(other, "ref:other")
    assert await hub.database.fetchval("select count(*) from parked_request") == 0
    assert await hub.database.fetchval("select count(*) from dead_letter") == 0
    assert not counter.receipts(waiting)
    await write_state(hub, dossier, state)
    assert (await counter.receipt(waiting)).data["facts"]


async def test_an_engine_does_not_start_on_what_a_newer_version_has_set_up(hub: Hub) -> None:
    await hub.database.execute("update configuration_version set version = version + 1 where kind = 'format'")
    engine = hub.engine()
    engine.start()
    assert await engine.ended() == 2
    (said,) = [line for line in engine.output().splitlines() if not line.startswith("{")]
    assert said.startswith("hub: HUB_POSTGRES__DSN: the database has format 3, this program knows 2")
