"""Shared data through a real engine: sealed in the store, for the one-stop alone, not asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.dossiers import law
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import own_hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    COMPONENTS,
    FORWARD,
    OFFICER,
    ONE_STOP,
    PROCEDURE,
    SUBMIT,
    VERIFY,
    WITHDRAW,
    acceptance,
    submission,
    verification,
)
from tests.support.waiting import eventually

ACCEPTED = "onestop.receipt.accepted.v1"
HEAD = {"relation": "head_of_household", "name": "Chủ Hộ Giả Lập", "identity_number": "083090000077"}


def looked_up(check: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "check": check,
        "asked_at": now.isoformat(),
        "query": check,
        "purpose": PROCEDURE,
        "usable_until": (now + timedelta(hours=1)).isoformat(),
        "data": [{"field": "residence_detail", "value": "Ấp Giả Lập 7"}],
        "relatives": [HEAD],
    }


async def _has(client: Client, messages: int) -> None:
    await eventually(lambda: len(client.inbox) >= messages, 20, f"{messages} messages")


@pytest.mark.rule("15.5")
async def test_shared_data_reach_the_counter_stay_sealed_and_stand_for_a_component(
    stack: StackAddress, tmp_path: Path
) -> None:
    held = {component["code"] for component in COMPONENTS}
    published = law().catalogue.procedures[PROCEDURE].components
    missing = next(item.code for item in published if item.code not in held)
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        portal = await hub.join("portal-a", ["portal"])
        population = await hub.join("population-a", ["population"])
        await hub.start_engine()
        subject = f"ref:{uuid4()}"
        online = submission(channel="online", return_channel="online")
        submitted = await portal.ask(SUBMIT, subject, online)
        assert submitted.type == ACCEPTED, submitted.data
        dossier = submitted.data["dossier"]

        await counter.ask(VERIFY, dossier, {**verification(), "wanted": ["residence_detail", "father"]})
        requested = await population.fact("identity.check_requested", dossier)
        assert (requested.data["asked_by"], requested.data["wanted"]) == (
            "counter", ["residence_detail", "father"],
        )  # fmt: skip
        check = requested.data["check"]
        reported = await population.ask("onestop.person_data.report.v1", dossier, looked_up(check))
        assert [fact["type"] for fact in reported.data["facts"]] == [
            "onestop.identity.matched.v1", "onestop.person_data.received.v1",
        ]  # fmt: skip
        received = await counter.fact("person_data.received", dossier)
        assert received.data["relatives"] == [HEAD]

        reuse = {
            "component": missing,
            "data": {"check": check, "fields": ["residence_detail"]},
            "officer": OFFICER,
        }
        assert (await counter.ask("onestop.component.reuse.v1", dossier, reuse)).type == ACCEPTED
        again = {"officer": OFFICER, "stage": "intake", "gaps": [{"component": missing, "reason": "Nộp lại"}]}
        refused = await counter.ask("onestop.dossier.request_supplement.v1", dossier, again)
        assert (refused.data["code"], refused.data["fields"]) == ("rule.15.5", ["/gaps/0/component"])
        assert refused.data["message_vi"].startswith("Không yêu cầu cung cấp lại")

        await counter.fact("component.reused", dossier)
        await portal.ask(WITHDRAW, dossier, {})
        await portal.fact("dossier.withdrawn", dossier)  # what came before on the dossier is there too
        told = {message.type for message in portal.inbox if ".receipt." not in message.type}
        assert told == {"onestop.dossier.submitted.v1", "onestop.dossier.withdrawn.v1"}
        rows = [
            *await hub.database.fetch("select * from fact"),
            *await hub.database.fetch("select * from dossier"),
        ]
        stored = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
        assert b"residence_detail" in stored
        for value in (HEAD["name"], HEAD["identity_number"], "Ấp Giả Lập 7"):
            assert value.encode() not in stored


async def test_what_a_lookup_brought_reaches_the_one_stop_alone_at_first_and_in_a_replay(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        population = await hub.join("population-a", ["population"])
        agency = await hub.join("agency-a", ["agency"], [AGENCY])
        portal = await hub.join("portal-a", ["portal"])
        foreign = await hub.join("counter-b", ["counter"], ["000.99.99.H07"])
        await hub.start_engine()
        online = submission(channel="online", return_channel="online")
        dossier = (await portal.ask(SUBMIT, f"ref:{uuid4()}", online)).data["dossier"]

        async def look_up() -> str:
            known = len(population.facts("identity.check_requested", dossier))
            await counter.ask(VERIFY, dossier, verification())
            asked = partial(population.facts, "identity.check_requested", dossier)
            await eventually(lambda: len(asked()) > known, 20, "the check")
            check: str = asked()[-1].data["check"]
            answer = await population.ask("onestop.person_data.report.v1", dossier, looked_up(check))
            assert answer.type == ACCEPTED, answer.data
            return check

        await look_up()
        await counter.ask(ACCEPT, dossier, acceptance())
        assert (await counter.ask(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})).type == ACCEPTED
        differs = {"field": "residence_detail", "on_paper": "Ấp Trên Giấy 3", "in_database": "Ấp Giả Lập 7"}
        mismatch = {
            "component": str(COMPONENTS[0]["code"]),
            "database": "population",
            "differences": [differs],
            "officer": OFFICER,
        }
        kind = "onestop.mismatch.record.v1"
        await counter.ask(kind, dossier, {**mismatch, "check": await look_up()})
        assert (await counter.ask(kind, dossier, mismatch)).type == ACCEPTED
        everybody = {"counter-a": counter, "agency-a": agency, "portal-a": portal, "counter-b": foreign}
        for name, client in everybody.items():
            before = len(client.inbox)
            status, said = await hub_command(hub.environment, "replay", name, *SURE)
            assert status == 0, said
            await _has(client, before + int(said.split()[0]))
        told = {name: b"".join(m.value for m in client.inbox).decode() for name, client in everybody.items()}
        for value in (HEAD["name"], HEAD["identity_number"], "Ấp Giả Lập 7"):
            assert [name for name in told if value in told[name]] == ["counter-a"]
        assert "Ấp Trên Giấy 3" in told["agency-a"]
        seen = {message.headers["ce_id"] for message in agency.facts("mismatch.recorded", dossier)}
        assert len(seen) == 1, "the second quotes the database itself, so the agency is not told of it"
