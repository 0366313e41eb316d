"""Licensed data of the population database: gone, or sent without values, when their use ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from prometheus_client import CollectorRegistry

from hub.embedded.stack import StackAddress
from hub.facts.entries import WholeEntry, decode_segment, encode_segment
from hub.facts.expiring_keys import load_terms
from hub.facts.fact_bytes import open_fact
from hub.facts.message import Message, decode_message
from hub.facts.sealing import MasterKey
from hub.postgres.database import Connection
from schemas.person_data import PersonDataReceived, ReportPersonData
from tests.integration.privacy.test_retention import swept
from tests.support.clients import Client, Received
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import APPLICANT, ONE_STOP, PROCEDURE, SUBMIT, VERIFY, submission, verification
from tests.support.waiting import eventually

DOSSIER = "00000000-0000-8000-8000-000000000001"
FATHER = "Trần Văn Cha Giả"
"""Synthetic."""


def shared(usable_until: datetime) -> dict[str, object]:
    """Licensed data as an adapter's answer keeps them."""
    father = {"relation": "father", "name": FATHER}
    return {"usable_until": usable_until.isoformat(), "data": [], "relatives": [father]}


async def test_licensed_data_leave_answers_and_reports_when_their_use_ends(
    store: Connection, hub_database: str
) -> None:
    now = datetime.now(UTC)
    for name, until in {"over": now - timedelta(minutes=1), "usable": now + timedelta(minutes=5)}.items():
        answer = {"outcome": "matched", "check": "c-1", "person_data": shared(until)}
        await store.execute(
            """
            insert into delivery
                (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at, outcome)
            values ('population', $1, $1, 1, 't', 's', now(), 'x', 'delivered', now(), $2)
            """,
            name,
            orjson.dumps({"kind": "delivered", "answer": answer}).decode(),
        )
        for state in ("confirmed", "sent"):
            await store.execute(
                """
                insert into delivery_report (adapter, id, type, subject, time, data, state)
                values ('population', $1, $2, 's', now(), $3, $4)
                """,
                f"{name} {state}",
                ReportPersonData.type,
                orjson.dumps({"check": "c-1", **shared(until)}),
                state,
            )
    for number, content in enumerate((b"garbage", b'{"usable_until": "2026-01-01 x"}', b"\xff")):
        await store.execute(
            """
            insert into delivery_report (adapter, id, type, subject, time, data, state)
            values ('population', $1, $2, 's', now(), $3, 'confirmed')
            """,
            *(f"altered {number}", ReportPersonData.type, content),
        )
    await store.execute(
        """
        insert into delivery
            (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at, outcome)
        values ('population', 'altered', $1, 1, 't', 's', now(), 'x', 'delivered', now(),
            '{"kind": "delivered", "answer": {"person_data": {"usable_until": "2026-01-01 x"}}}')
        """,
        "altered",
    )
    registry = CollectorRegistry()
    await swept(hub_database, registry)
    told = {row["id"]: row["outcome"] for row in await store.fetch("select id, outcome from delivery")}
    assert orjson.loads(told["over"]) == {
        "kind": "delivered",
        "answer": {"outcome": "matched", "check": "c-1"},
    }
    assert FATHER in orjson.loads(told["usable"])["answer"]["person_data"]["relatives"][0]["name"]
    emptied = await store.fetch("select id from delivery_report where data = ''")
    assert [row["id"] for row in emptied] == ["over confirmed"]
    assert registry.get_sample_value("hub_retention_removed_total", {"kind": "licensed_data"}) == 2
    assert await store.fetchval("select count(*) from delivery where data = ''") == 0


def told_counter(usable_until: datetime, event_id: str) -> Message:
    data = {"check": "c-1", "party": "owner", "purpose": "1.004873", **shared(usable_until)}
    headers = (("ce_id", event_id.encode()), ("ce_type", PersonDataReceived.type.encode()))
    return Message("out.counter-a", DOSSIER, headers, orjson.dumps(data))


async def test_licensed_data_that_could_not_be_published_in_time_go_out_without_values(
    store: Connection, hub_database: str
) -> None:
    now = datetime.now(UTC)
    over, usable = (
        told_counter(now - timedelta(minutes=1), "m-1"),
        told_counter(now + timedelta(days=1), "m-2"),
    )
    for message in (over, usable):
        await store.execute(
            "insert into blocked_message (topic, shard, payload) values ('out.counter-a', 0, $1)",
            message.encode(),
        )
    entries = [WholeEntry.of(over), WholeEntry.of(usable)]
    await store.execute("insert into segment (shard, payload) values (0, $1)", encode_segment(entries))
    await swept(hub_database)
    rows = await store.fetch("select payload from blocked_message order by id")
    blocked = [decode_message(row["payload"]) for row in rows]
    segment = decode_segment(await store.fetchval("select payload from segment"))
    assert [entry.message for entry in segment if isinstance(entry, WholeEntry)] == blocked
    emptied, kept = blocked
    assert kept == usable
    assert (emptied.key, emptied.headers) == (over.key, (*over.headers, ("ce_erased", b"true")))
    assert orjson.loads(emptied.value)["relatives"] == [{"relation": "father"}]


def looked_up(check: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    asked = {"check": check, "asked_at": now.isoformat(), "query": check, "purpose": PROCEDURE}
    return asked | shared(now + timedelta(hours=1))


async def replayed(hub: Hub, counter: Client) -> Received:
    """The fact with the data, as a replay sends it now."""
    before = len(counter.inbox)
    status, said = await hub_command(hub.environment, "replay", "counter-a", *SURE)
    assert status == 0, said
    await eventually(lambda: len(counter.inbox) >= before + int(said.split()[0]), 20, "the replay")
    return next(message for message in counter.inbox[before:] if message.type == PersonDataReceived.type)


async def test_a_replay_sends_licensed_data_while_they_may_be_used_and_never_after(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        population = await hub.join("population-a", ["population"])
        await hub.start_engine()
        lodged = await counter.ask(SUBMIT, f"ref:{uuid4()}", submission())
        dossier = str(lodged.data["dossier"])
        await counter.ask(VERIFY, dossier, verification())
        requested = await population.fact("identity.check_requested", dossier)
        await population.ask(ReportPersonData.type, dossier, looked_up(requested.data["check"]))
        first = await counter.fact("person_data.received", dossier)
        usable = await replayed(hub, counter)
        assert (usable.value, usable.headers.get("ce_erased")) == (first.value, None)
        await hub.database.execute("insert into clock_step values (now(), interval '61 minutes')")
        over = await replayed(hub, counter)
        assert over.data["relatives"] == [{"relation": "father"}]
        assert FATHER not in over.value.decode()
        assert over.headers["ce_erased"] == "true"
        assert (over.headers["ce_id"], over.key) == (first.headers["ce_id"], first.key)


async def test_the_key_of_licensed_data_is_destroyed_after_the_day_on_which_their_use_ends(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        population = await hub.join("population-a", ["population"])
        folder = str(tmp_path / "documents")
        engine = hub.engine(HUB_RETENTION__EVERY_S="0.2", HUB_DOCUMENTS__FOLDER=folder)
        engine.start()
        await engine.ready()
        lodged = await counter.ask(SUBMIT, f"ref:{uuid4()}", submission())
        dossier = str(lodged.data["dossier"])
        await counter.ask(VERIFY, dossier, verification())
        requested = await population.fact("identity.check_requested", dossier)
        await population.ask(ReportPersonData.type, dossier, looked_up(requested.data["check"]))
        await counter.fact("person_data.received", dossier)
        facts = await hub.database.fetch("select type, bytes from fact order by sequence")
        (stored,) = [row["bytes"] for row in facts if row["type"] == PersonDataReceived.type]
        master = MasterKey.from_file(hub.master_key_file)
        wrapped = await hub.database.fetchval("select wrapped from dossier_key")

        async def opened() -> str:
            await load_terms(hub.database, master, datetime.now(UTC).date())
            master.forget()
            return str(open_fact(stored, master.unwrap(wrapped)))

        assert FATHER in await opened()
        await hub.database.execute("insert into clock_step values (now(), interval '2 days')")

        async def is_destroyed() -> bool:
            return FATHER not in await opened()

        await eventually(is_destroyed, 20, "the sweep of the next day", engine.output)
        key = master.unwrap(wrapped)
        others = [open_fact(row["bytes"], key) for row in facts if row["bytes"] != stored]
        assert APPLICANT["name"] in str(others)
        assert all("sealed" not in body for body in others)
        assert [
            row["bytes"] for row in await hub.database.fetch("select bytes from fact order by sequence")
        ] == [row["bytes"] for row in facts]
        over = await replayed(hub, counter)
        assert (over.data["relatives"], over.headers["ce_erased"]) == ([{"relation": "father"}], "true")
