"""Erasure of a dossier end to end: what nobody can read any more, what still verifies, who is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.known import Wanted
from hub.engine.decide.rules import Rules, code_blocks
from hub.engine.errors import MissError
from hub.engine.write.reading import read_batch
from hub.engine.write.writing import write_batch
from hub.facts.fact_bytes import open_fact
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Authorised, Reading, authorise
from hub.legal_time import LegalClock
from hub.outbox.segments import Outgoing
from hub.privacy.erased_deliveries import empty_deliveries
from hub.regulation.lawbook import load_book
from tests.integration.engine.test_engine_parking import BROKEN, broken_engine, parked
from tests.support.batches import DIRECTORY, record
from tests.support.clients import Client
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, VERIFY, WITHDRAW, submission, verification
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

NAME = "Nguyễn Văn Thử"
BY = ("--operator", "operator-1", "--reason", "a court's order", "--yes")


async def erase(hub: Hub, dossier: str) -> str:
    status, said = await hub_command(hub.environment, "erase", dossier, *BY)
    assert status == 0, said
    return said


async def stored_facts(hub: Hub, dossier: str) -> list[bytes]:
    rows = await hub.database.fetch("select bytes from fact where dossier_id = $1 order by sequence", dossier)
    return [row["bytes"] for row in rows]


async def opened(hub: Hub, dossier: str) -> list[dict[str, Any]]:
    """The facts, with their personal fields if there is a key to open them with."""
    wrapped = await hub.database.fetchval("select wrapped from dossier_key where dossier_id = $1", dossier)
    key = MasterKey.from_file(hub.master_key_file).unwrap(wrapped) if wrapped is not None else None
    return [open_fact(content, key) for content in await stored_facts(hub, dossier)]


async def told_again(hub: Hub, counter: Client, dossier: str) -> list[dict[str, Any]]:
    """What a replay sends of the dossier: one entry per message, with its `ce_erased` if there is one."""
    before = len(counter.inbox)
    status, said = await hub_command(hub.environment, "replay", "counter-a", *SURE)
    assert status == 0, said
    await eventually(lambda: len(counter.inbox) >= before + int(said.split()[0]), 20, "the replay")
    return [
        {"id": m.headers["ce_id"], "erased": m.headers.get("ce_erased"), "text": m.value.decode()}
        for m in counter.inbox[before:]
        if m.key == dossier
    ]


async def test_an_erased_dossier_cannot_be_read_by_anybody_and_its_facts_still_verify(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        gone, other = await traffic.dossiers(counter, 2)
        await traffic.verify(counter, [gone, other], 2)
        await traffic.answered()
        facts = await stored_facts(hub, gone)
        assert NAME in str(await opened(hub, gone))
        first = await told_again(hub, counter, gone)
        assert NAME in str(first)

        assert f"erased {gone}: 3 facts stay sealed" in await erase(hub, gone)
        assert await stored_facts(hub, gone) == facts
        assert NAME not in str(await opened(hub, gone))
        assert await hub.database.fetchval("select private from dossier where id = $1", gone) is None
        assert await hub.database.fetchval("select count(*) from timer where dossier_id = $1", gone) == 0
        again = await told_again(hub, counter, gone)
        assert NAME not in str(again)
        assert [message["id"] for message in again] == [message["id"] for message in first]
        assert {message["erased"] for message in first} == {None}
        assert {message["erased"] for message in again} == {"true"}
        assert NAME in str(await opened(hub, other))

        await traffic.verify(counter, [other])
        await traffic.check()
        assert tuple(await hub.database.fetchrow("select operator, reason from erasure") or ()) == (
            "operator-1",
            "a court's order",
        )
        action = await hub.database.fetchrow(
            "select operator, action, target from operator_action where action like 'dossier.%'"
        )
        assert tuple(action or ()) == ("operator-1", "dossier.erased", gone)

        async def is_counted() -> bool:
            return await metric(engine, "hub_subject_keys_shredded") == 1

        await eventually(is_counted, 20, "the metric")


async def test_requests_of_an_erased_dossier_are_refused_and_repeats_get_their_first_answer(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        await hub.start_engine()
        first = await counter.ask(SUBMIT, "ref:hs-1", submission(), event_id="e1")
        dossier = str(first.data["dossier"])
        await erase(hub, dossier)
        keys = await hub.database.fetchval("select count(*) from dossier_key")
        for subject in (dossier, "ref:hs-1"):
            refused = await counter.ask(VERIFY, subject, verification())
            assert (refused.data["code"], refused.data["state"]) == ("dossier.erased", "erased")
        anew = await counter.ask(SUBMIT, "ref:hs-1", submission(), event_id="e2")
        assert anew.data["code"] == "dossier.erased"
        await counter.send(SUBMIT, "ref:hs-1", submission(), event_id="e1")
        await eventually(lambda: len(counter.receipts("e1")) == 2, 20, "the repeated receipt")
        assert counter.receipts("e1")[1].value == first.value
        assert await hub.database.fetchval("select count(*) from dossier_key") == keys == 0
        (healthy,) = await traffic.dossiers(counter, 1)
        assert healthy != dossier


async def test_what_was_parked_is_refused_by_the_erasure_and_its_bytes_are_gone(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = broken_engine(hub)
        engine.start()
        await engine.ready()
        sick, healthy = await traffic.dossiers(counter, 2)
        waiting = [await traffic.send(counter, VERIFY, sick, BROKEN)]
        waiting += [await traffic.send(counter, VERIFY, sick, verification()) for _ in range(2)]
        await eventually(lambda: has_parked(hub, 3), 20, "parking", engine.output)
        assert "3 parked requests refused" in await erase(hub, sick)
        await traffic.verify(counter, [healthy])
        await traffic.check()
        codes = [traffic.receipts(counter, event_id)[0].data["code"] for event_id in waiting]
        assert codes == ["dossier.erased"] * 3
        assert await parked(hub) == []
        repeated = await counter.ask(VERIFY, sick, verification(), event_id=waiting[1])
        assert repeated.data["code"] == "dossier.erased"


async def has_parked(hub: Hub, number: int) -> bool:
    return len(await parked(hub)) == number


async def test_a_batch_that_was_decided_with_the_key_before_misses_when_it_is_written(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        first = await counter.ask(SUBMIT, "ref:hs-1", submission())
        dossier = str(first.data["dossier"])
        assert await engine.stop() == 0
        rules = Rules(load_book())
        master = MasterKey.from_file(hub.master_key_file)
        tools: Tools = Tools(rules, DIRECTORY, master, code_blocks(load_book()), 4)
        view = (await read_batch(hub.database, Wanted(dossiers=[dossier]), hub.store_key)).view
        item = authorise(
            record(WITHDRAW, dossier, {}, "e9"), Reading(DIRECTORY, LegalClock(), "live", rules.requests)
        )
        assert isinstance(item, Authorised)
        decision = BatchDecision("00000000-0000-8000-8000-000000000001", tools, view, None)
        decision.take(item)
        decision.finish()
        assert len(decision.facts) == 1
        await erase(hub, dossier)
        with pytest.raises(MissError, match="head_miss"):
            await write_batch(hub.database, decision, [], Outgoing([], [], []), dump=rules.dump, shards=4)
        assert len(await stored_facts(hub, dossier)) == 1


async def test_deliveries_go_with_the_erasure_but_for_what_a_counterpart_may_have_taken(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.start_engine()
        first = await counter.ask(SUBMIT, "ref:hs-1", submission())
        dossier = str(first.data["dossier"])
        await hub.database.execute(
            """
            insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at,
                                  is_doubtful, outcome)
            values ('postal', 'm-1', $1, 1, 't', 's', now(), $2, 'delivered', now(), false, $3),
                   ('postal', 'm-2', $1, 2, 't', 's', now(), $2, 'unknown', null, true, $4),
                   ('postal', 'm-3', $1, 3, 't', 's', now(), $2, 'pending', null, false, null)
            """,
            dossier,
            orjson.dumps(NAME),
            orjson.dumps({"kind": "delivered", "answer": {"name": NAME}}).decode(),
            orjson.dumps({"kind": "unknown", "why": "timeout"}).decode(),
        )
        said = await erase(hub, dossier)
        assert "1 deliveries not sent, 2 emptied, 1 still under way" in said
        rows = await hub.database.fetch("select id, state, data from delivery order by id")
        assert [(row["id"], row["state"], bool(row["data"])) for row in rows] == [
            ("m-1", "delivered", False),
            ("m-2", "unknown", True),
            ("m-3", "rejected", False),
        ]
        await hub.database.execute(
            "update delivery set state = 'delivered', ended_at = now() where id = 'm-2'"
        )
        assert (await empty_deliveries(hub.database, [dossier])).emptied == 1
        assert await hub.database.fetchval("select count(*) from delivery where data <> ''") == 0


async def test_only_a_dossier_that_is_there_is_erased_and_only_once(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        nobody = "00000000-0000-8000-8000-000000000000"
        for name in (nobody, "000.12.34.H07-261123-0001"):
            status, said = await hub_command(hub.environment, "erase", name, *BY)
            assert (status, said.strip()) == (1, f"hub: no dossier {name}")
        await hub.database.execute("insert into dossier (id, sequence) values ($1, 0)", nobody)
        await hub.database.execute(
            "insert into alias (alias, dossier_id) values ('code:000.12.34.H07-261123-0001', $1)", nobody
        )
        status, said = await hub_command(hub.environment, "erase", "000.12.34.H07-261123-0001", *BY)
        assert (status, "was altered" in said) == (1, True), "whoever wrote that name is not the hub"
        check = hub.store_key.alias("code:000.12.34.H07-261123-0001", nobody)
        await hub.database.execute("update alias set mac = $1", check)
        assert nobody in await erase(hub, "000.12.34.H07-261123-0001")
        status, said = await hub_command(hub.environment, "erase", nobody, *BY)
        assert (status, "was erased at" in said) == (1, True)
        assert await hub.database.fetchval("select count(*) from erasure") == 1
