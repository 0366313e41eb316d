"""Shared data through a real engine: sealed in the store, for the one-stop alone, not asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from hub.regulation.catalogue_import import load_catalogue
from tests.support.hubs import own_hub
from tests.support.requests import (
    COMPONENTS,
    OFFICER,
    ONE_STOP,
    PROCEDURE,
    SUBMIT,
    VERIFY,
    submission,
    verification,
)

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


@pytest.mark.rule("15.5")
async def test_shared_data_reach_the_counter_stay_sealed_and_stand_for_a_component(
    stack: StackAddress, tmp_path: Path
) -> None:
    held = {component["code"] for component in COMPONENTS}
    published = load_catalogue().procedures[PROCEDURE].components
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
        assert refused.data["message_vi"].startswith("Không yêu cầu nộp lại")

        await portal.fact("component.reused", dossier)
        assert portal.facts("person_data.received") == []
        rows = [
            *await hub.database.fetch("select * from fact"),
            *await hub.database.fetch("select * from dossier"),
        ]
        stored = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
        assert b"residence_detail" in stored
        for value in (HEAD["name"], HEAD["identity_number"], "Ấp Giả Lập 7"):
            assert value.encode() not in stored
