"""Stories of the regulation as an office lives them: what is away, what changes, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.regulation.clock import VIETNAM
from tests.scenario.away_counterparts import Population
from tests.scenario.test_counterpart_away import adapter_of, port_of
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.lawbooks import NEXT_REF, SHIPPED_REF, with_next_version
from tests.support.postal_requests import pickup
from tests.support.provinces import ISSUE, PAPER, REACHABLE, RESULT, Province, did, did_not
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    CHECK,
    FORWARD,
    OFFICER,
    ONE_STOP,
    SUBMIT,
    VERIFY,
    acceptance,
    hand_check,
    submission,
    verification,
)
from tests.support.stack import shared_stack
from tests.support.turnstile import Turnstile

A_DAY = timedelta(days=1)
DECLINE = "dossier.decline"
TIMERS = "select name from timer where dossier_id = $1"
FORWARDING = {"officer": OFFICER, "to": AGENCY}
ONLINE = submission(applicant=REACHABLE, channel="online", return_channel="online")


@pytest.fixture(scope="module")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


class Away(Population):
    """The database of population with an adapter that gives up after seconds, as others do after hours."""

    def environment(self, url: str, folder: Path) -> dict[str, str]:
        return super().environment(url, folder) | {"HUB_DELIVERY__TOTAL_S": "3"}


async def lodged(province: Province, data: dict[str, Any] | None = None) -> str:
    """A dossier that the portal or the counter has lodged."""
    sender = province.portal if data is ONLINE else province.counter
    values = data or submission(applicant=REACHABLE)
    return str((await did(sender, SUBMIT, f"ref:{uuid4()}", values))["dossier"])


async def test_the_database_of_population_is_away_for_a_day(stack: StackAddress, tmp_path: Path) -> None:
    """15.2, 15.6: papers are taken, no duty ends, nobody is told "no", and the answer comes to the agency."""
    async with own_hub(stack, tmp_path, environment="test") as hub, AsyncExitStack() as open_things:
        province = await without_population(hub)
        kind, gate = Away(), await open_things.enter_async_context(Turnstile())
        sandbox = await open_things.enter_async_context(kind.life(tmp_path))
        await gate.open(port_of(sandbox))
        await adapter_of(hub, kind, gate, tmp_path)
        await gate.shut()

        taken, forgotten = await lodged(province, ONLINE), await lodged(province, ONLINE)
        assert await did_not(province.counter, ACCEPT, taken, acceptance()) == "identity.not_checked"
        await did(province.counter, VERIFY, taken, verification())
        assert await did_not(province.counter, ACCEPT, taken, acceptance()) == "identity.pending"
        away = await province.counter.fact("identity.unavailable", taken)
        assert not province.counter.facts("identity.mismatched", taken)
        refused = await did_not(province.counter, ACCEPT, taken, acceptance())
        assert refused == "identity.unavailable"
        await did(province.counter, CHECK, taken, hand_check())
        code = (await did(province.counter, ACCEPT, taken, acceptance()))["code"]
        known = {"outcome": "unavailable", "paper_checked": True}
        assert (await province.counter.fact("dossier.accepted", taken)).data["identity"] == known
        await did(province.counter, FORWARD, taken, FORWARDING)
        assert (await province.lead.fact("dossier.forwarded", taken)).data["identity"] == known

        await province.move(A_DAY + timedelta(hours=1))
        missed = await province.counter.fact("deadline.missed", forgotten)
        assert (missed.data["kind"], missed.data["holder"]) == ("intake", ONE_STOP)
        assert "intake" not in {one.data["kind"] for one in province.counter.facts("deadline.missed", taken)}

        await gate.open(port_of(sandbox))
        await did(province.counter, VERIFY, taken, verification())
        told = await province.lead.fact("identity.mismatched", taken)
        assert told.data["check"] != away.data["check"]
        await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
        await did(province.lead, "result.issue", code, ISSUE)
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said


async def without_population(hub: Hub) -> Province:
    """A province on a Monday morning, in which the adapter asks the database."""
    province = Province(hub)
    await province.move(timedelta())
    province.counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    province.lead = await hub.join("agency-a", ["agency"], [AGENCY])
    province.portal = await hub.join("portal-a", ["portal"])
    await hub.start_engine()
    return province


async def rulesets(hub: Hub, dossier: str) -> list[tuple[str, str]]:
    """Name and ruleset of each fact."""
    rows = await hub.database.fetch("select bytes from fact where dossier_id = $1 order by sequence", dossier)
    bodies: list[dict[str, Any]] = [orjson.loads(row["bytes"]) for row in rows]
    return [(body["type"].removeprefix("onestop.").removesuffix(".v1"), body["ruleset"]) for body in bodies]


async def test_the_law_changes_while_dossiers_are_open(stack: StackAddress, tmp_path: Path) -> None:
    """3.9: its day comes while the engine runs; what is accepted goes on under its own law to the end."""
    async with own_hub(stack, tmp_path, environment="test") as hub:
        province = Province(hub)
        tuesday = (province.now + A_DAY).astimezone(VIETNAM).date()
        folder = with_next_version(tmp_path / "law", tuesday, scan_scope='"all"')
        await province.open(HUB_REGULATION=str(folder))
        accepted, code = await province.accepted()
        undecided, waiting = await lodged(province), await lodged(province)
        await province.known(undecided)
        form_02 = {"officer": OFFICER, "stage": "intake", "gaps": [{"reason": "Tờ khai chưa có chữ ký"}]}
        await did(province.counter, "dossier.request_supplement", waiting, form_02)

        await province.move(A_DAY)
        brought = {"components": [], "answers": [{"point": 1, "answer": "Đã ký"}]}
        await did(province.counter, "dossier.supplement", waiting, brought)
        await province.known(waiting)
        later = await lodged(province)
        await province.known(later)
        for dossier in (undecided, waiting, later):
            await did(province.counter, ACCEPT, dossier, acceptance())
            refused = await did_not(province.counter, FORWARD, dossier, FORWARDING)
            assert refused == "rule.15.6.c2", "by the new law each paper is digitised first"
        assert set(await rulesets(hub, later)) >= {
            ("dossier.submitted", NEXT_REF), ("dossier.accepted", NEXT_REF),
        }  # fmt: skip
        assert ("dossier.submitted", SHIPPED_REF) in await rulesets(hub, undecided)
        assert ("dossier.accepted", NEXT_REF) in await rulesets(hub, undecided)
        assert ("dossier.supplemented", SHIPPED_REF) in await rulesets(hub, waiting)

        await did(province.counter, FORWARD, accepted, FORWARDING)
        await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
        again = {**form_02, "stage": "appraisal"}
        await did(province.lead, "dossier.request_supplement", code, again)
        await did(province.counter, "dossier.supplement", accepted, brought)
        await did(province.lead, "result.issue", code, ISSUE)
        given = {"channel": "in_person", "papers": [RESULT], "received_by": APPLICANT["name"]}
        await did(province.counter, "result.return", accepted, given)
        assert {ruleset for _, ruleset in await rulesets(hub, accepted)} == {SHIPPED_REF}
        environment = hub.environment | {"HUB_REGULATION": str(folder)}
        status, text = await hub_command(environment, "explain", accepted, "--json")
        assert (status, json.loads(text)["law"][0]) == (0, SHIPPED_REF), text
        status, said = await hub_command(environment, "verify")
        assert status == 0, said


def holder(organisation: str) -> dict[str, Any]:
    return {"kind": "organisation", "organisation": organisation, "name": OFFICER["name"]}


async def refused_after_appraisal(province: Province) -> None:
    """17.8: as the appraisal found; the portal shows it among the results, and the papers go back in time."""
    dossier, code = await province.in_hand()
    there = {"giver": holder(ONE_STOP), "receiver": holder(AGENCY), "papers": [PAPER]}
    await did(province.counter, "paper.hand_over", dossier, there)
    await did(province.lead, "paper.receive", code, there)
    no = {"officer": OFFICER, "reason": "not_eligible", "explanation": "Chưa đủ thời gian cư trú"}
    await did(province.lead, "case.appraise", code, {"officer": OFFICER, "outcome": "eligible"})
    assert await did_not(province.lead, DECLINE, code, no) == "rule.17.8.appraisal"
    found = {"officer": OFFICER, "outcome": "not_eligible", "findings": "Chưa đủ thời gian cư trú"}
    await did(province.lead, "case.appraise", code, found)
    await did(province.lead, DECLINE, code, no)
    shown = (await province.portal.fact("dossier.declined", dossier)).data
    assert (shown["mode"], shown["status"]) == ("refuse_resolution", 9)
    await province.move(7 * A_DAY)
    missed = (await province.counter.fact("deadline.missed", dossier)).data
    assert (missed["kind"], missed["holder"]) == ("papers_back", AGENCY)
    back = {"giver": holder(AGENCY), "receiver": holder(ONE_STOP), "papers": [PAPER]}
    await did(province.lead, "paper.hand_over", code, back)
    await did(province.counter, "paper.receive", dossier, back)


async def supplemented_through_the_one_stop(province: Province) -> None:
    """17.4: after the appraisal Form 02 and the paper go back through the one-stop, and come the same way."""
    dossier, code = await province.in_hand()
    due = (await province.counter.fact("dossier.accepted", dossier)).data["due_at"]
    one_stop, agency = holder(ONE_STOP), holder(AGENCY)
    applicant = {"kind": "applicant", "name": APPLICANT["name"]}

    async def given(giver: dict[str, Any], receiver: dict[str, Any], *hands: tuple[Client, str]) -> None:
        slip = {"giver": giver, "receiver": receiver, "papers": [PAPER]}
        for (client, subject), step in zip(hands, ("paper.hand_over", "paper.receive"), strict=True):
            await did(client, step, subject, slip)

    counter, lead = (province.counter, dossier), (province.lead, code)
    await given(one_stop, agency, counter, lead)
    found = {"officer": OFFICER, "outcome": "to_supplement", "findings": "Tờ khai chưa có chữ ký"}
    await did(province.lead, "case.appraise", code, found)
    gaps = [{"component": PAPER, "reason": "Tờ khai chưa có chữ ký"}]
    form_02 = {"officer": OFFICER, "stage": "appraisal", "gaps": gaps}
    await did(province.lead, "dossier.request_supplement", code, form_02)
    asked = (await province.counter.fact("dossier.supplement_requested", dossier)).data
    assert (asked["stage"], asked["form"]) == ("appraisal", "02")
    timers = {row["name"] for row in await province.hub.database.fetch(TIMERS, dossier)}
    assert "papers_back" in timers
    assert "due" not in timers
    await given(agency, one_stop, lead, counter)
    await given(one_stop, applicant, counter, counter)
    timers = {row["name"] for row in await province.hub.database.fetch(TIMERS, dossier)}
    assert "papers_back" not in timers
    assert await did_not(province.lead, "dossier.request_supplement", code, form_02) == "state.conflict"
    await province.move(A_DAY)
    brought = {"components": [{"code": PAPER, "originals": 1}]}
    await did(province.counter, "dossier.supplement", dossier, brought)
    anew = (await province.lead.fact("dossier.supplemented", dossier)).data
    assert anew["handed_in"] == [PAPER]
    assert datetime.fromisoformat(anew["due_at"]) > datetime.fromisoformat(due)
    await given(one_stop, agency, counter, lead)


async def lodged_by_post(province: Province) -> None:
    """QĐ 45/2016 Điều 7: the legal time of a dossier by post is that of the minutes with the applicant."""
    values = submission(applicant=REACHABLE, channel="post", return_channel="post")
    dossier = await lodged(province, values)
    order = pickup("collect", organisation=ONE_STOP, papers=(PAPER,))
    await did(province.counter, "pickup.order", dossier, order.model_dump(mode="json", exclude_none=True))
    name = (await province.postal.fact("pickup.ordered", dossier)).data["order"]
    signed = province.now.replace(microsecond=0) - timedelta(minutes=90)
    minutes = signed + timedelta(minutes=60)
    reports: tuple[dict[str, Any], ...] = (
        {"order": name, "status": "collected", "at": signed.isoformat()},
        {"order": name, "status": "handed_over", "at": minutes.isoformat(), "minutes": "42/BBGN"},
    )
    for report in reports:
        await did(province.postal, "pickup.report", dossier, report)
    environment = province.hub.environment
    status, text = await hub_command(environment, "dossier", "show", dossier, "--json")
    assert status == 0, text
    assert datetime.fromisoformat(json.loads(text)["submitted_at"]) == minutes


async def test_a_supplement_and_a_refusal_after_the_appraisal_and_a_dossier_by_post(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        province = Province(hub)
        await province.open()
        await lodged_by_post(province)
        await supplemented_through_the_one_stop(province)
        await refused_after_appraisal(province)
