"""Stories of Decision 45/2023 side by side in one hub: the law as its participants meet it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.embedded.stack import StackAddress
from hub.regulation.clock import VIETNAM
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.postal_requests import pickup
from tests.support.provinces import (
    ADDRESS,
    EMAIL,
    ISSUE,
    PAPER,
    PHONE,
    REACHABLE,
    RESULT,
    SECOND,
    THIRD,
    UPPER,
    Province,
    asked,
    did,
    did_not,
    imports_on_record,
    settlement,
)
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    FORWARD,
    OFFICER,
    ONE_STOP,
    SUBMIT,
    acceptance,
    submission,
)
from tests.support.waiting import eventually

TIMERS = "select name, due_at from timer where dossier_id = $1 and kind <> 'near'"
PERSONS = (APPLICANT["name"], APPLICANT["identity_number"], OFFICER["name"], OFFICER["account"])
MUCH_LATER = timedelta(days=14)


def part(number: int, of: str, *needs: str) -> dict[str, Any]:
    task = "Xác nhận phần việc"
    return {"leg": f"PV-{number}", "of": of, "task": task, "working_days": 1, "needs": list(needs)}


def done(number: int) -> dict[str, Any]:
    return {"leg": f"PV-{number}", "officer": OFFICER, "outcome": "done", "result": "Đã giải quyết"}


def passed(number: int) -> dict[str, Any]:
    return {"leg": f"PV-{number}", "officer": OFFICER, "slip": f"0{number}/PC"}


@asynccontextmanager
async def until_later(began: list[str], name: str, later: asyncio.Event) -> AsyncIterator[None]:
    """What follows happens two weeks later; the clock waits for all stories that need it."""
    began.append(name)
    await later.wait()
    yield


async def on_paper(province: Province) -> None:
    """17.6.a: the paper goes from agency to agency, each with its slip; the lead issues at the end."""
    dossier, code = await province.accepted()
    legs = [part(1, AGENCY), part(2, SECOND), part(3, THIRD)]
    await did(province.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY, "legs": legs})
    await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
    assert await did_not(province.lead, "leg.start", code, passed(2)) == "rule.17.6.a.turn"
    await did(province.lead, "leg.finish", code, done(1))
    await did(province.lead, "leg.start", code, passed(2))
    started = await province.second.fact("leg.started", dossier)
    assert started.data["applicant"]["identity_number"] == APPLICANT["identity_number"]
    await did(province.second, "leg.finish", code, done(2))
    assert await did_not(province.lead, "result.issue", code, ISSUE) == "rule.17.6.a.open"
    await did(province.second, "leg.start", code, passed(3))
    await did(province.third, "leg.finish", code, done(3))
    await did(province.lead, "result.issue", code, ISSUE)


async def at_once(province: Province, began: list[str], later: asyncio.Event) -> None:
    """17.6.b: all are told; the late one is named, and nobody else pays for it with time."""
    dossier, code = await province.accepted(channel="online")
    legs = [part(1, SECOND), part(2, AGENCY), part(3, THIRD, "PV-1", "PV-2")]
    await did(province.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY, "legs": legs})
    await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
    for client in (province.lead, province.second, province.third):
        assert (await client.fact("leg.planned", dossier)).data["lead"] == AGENCY
    await did(province.lead, "leg.finish", code, done(2))
    assert await did_not(province.third, "leg.finish", code, done(3)) == "rule.17.6.b.state"
    async with until_later(began, "at_once", later):
        missed = await province.second.fact("deadline.missed", dossier)
        assert (missed.data["kind"], missed.data["holder"]) == ("leg", SECOND)
        await did(province.second, "leg.finish", code, done(1))
        assert (await province.counter.fact("rule.violated", dossier)).data["rule"] == "17.6.b"
        started = await province.third.fact("leg.started", dossier)
        assert datetime.fromisoformat(started.data["finish_by"]) > province.now
        await did(province.third, "leg.finish", code, done(3))
        await did(province.lead, "result.issue", code, ISSUE)
        assert not province.third.facts("deadline.missed", dossier)


async def opinion_overdue(province: Province, began: list[str], later: asyncio.Event) -> None:
    """17.5: the one-stop, the asker and who was asked are told; the result waits."""
    dossier, code = await province.in_hand()
    question = {"opinion": "YK-1", "officer": OFFICER, "of": SECOND, "content": "Đề nghị cho ý kiến"}
    await did(province.lead, "opinion.request", code, {**question, "working_days": 1})
    async with until_later(began, "opinion", later):
        for client in (province.counter, province.lead, province.second):
            missed = await client.fact("deadline.missed", dossier)
            assert client is not province.second or missed.data["kind"] == "opinion"
        assert await did_not(province.lead, "result.issue", code, ISSUE) == "rule.17.5.b.open"
        answer = {"opinion": "YK-1", "officer": OFFICER, "answer": "agrees", "text": "Thống nhất"}
        await did(province.second, "opinion.give", code, answer)
        assert (await province.counter.fact("rule.violated", dossier)).data["rule"] == "17.5.b"
        await did(province.lead, "result.issue", code, ISSUE)


def form_04(until: datetime) -> dict[str, Any]:
    day = until.astimezone(VIETNAM).replace(hour=10, minute=0, second=0, microsecond=0)
    return {"officer": OFFICER, "reason": "Chờ xác minh", "new_due_at": day.isoformat()}


async def apologies(province: Province, began: list[str], later: asyncio.Event) -> None:
    """17.9: in time it moves the measure, twice is refused, too late is on record and takes no delay back."""
    dossier, code = await province.in_hand()
    await did(province.lead, "due.apologise", code, form_04(province.now + timedelta(days=7)))
    assert (await province.counter.fact("apology.sent", dossier)).data["is_late"] is False
    again = form_04(province.now + timedelta(days=8))
    assert await did_not(province.lead, "due.apologise", code, again) == "rule.17.9"
    late, late_code = await province.in_hand()
    async with until_later(began, "apologies", later):
        await did(province.lead, "due.apologise", late_code, form_04(province.now + timedelta(days=7)))
        said = (await province.counter.fact("apology.sent", late)).data
        assert said["is_late"] is True
        assert said["measured_due_at"] == said["due_at"]
        assert (await province.counter.fact("rule.violated", late)).data["rule"] == "17.9"


def holder(organisation: str) -> dict[str, Any]:
    return {"kind": "organisation", "organisation": organisation, "name": OFFICER["name"]}


async def lost_by_the_agency(province: Province) -> None:
    """21.2: the last holder answers for it; until it is settled the paper goes nowhere."""
    dossier, code = await province.in_hand()
    one_stop, agency = holder(ONE_STOP), holder(AGENCY)
    slip = {"giver": one_stop, "receiver": agency, "papers": [PAPER]}
    await did(province.counter, "paper.hand_over", dossier, slip)
    await did(province.lead, "paper.receive", code, slip)
    noticed = {"noticed_at": province.now.isoformat(), "circumstances": "Không tìm thấy", "officer": OFFICER}
    await did(province.lead, "loss.record", code, {"kind": "lost", "papers": [PAPER], **noticed})
    loss = (await province.counter.fact("loss.recorded", dossier)).data
    assert loss["holder"] == AGENCY
    back = {"giver": agency, "receiver": one_stop, "papers": [PAPER]}
    assert await did_not(province.lead, "paper.hand_over", code, back) == "custody.lost"


async def lost_by_the_post(province: Province) -> None:
    """21.3: what the post collected and lost is its loss, on record by its own report."""
    dossier, _ = await province.issued(return_channel="post")
    order = pickup("deliver", organisation=ONE_STOP, papers=(RESULT,)).model_dump(
        mode="json", exclude_none=True
    )
    one_stop, agency = holder(ONE_STOP), holder(AGENCY)
    slip = {"giver": agency, "receiver": one_stop, "papers": [RESULT]}
    await did(province.lead, "paper.hand_over", dossier, slip)
    await did(province.counter, "paper.receive", dossier, slip)
    await did(province.counter, "pickup.order", dossier, order)
    name = (await province.postal.fact("pickup.ordered", dossier)).data["order"]
    for status in ("collected", "lost"):
        report = {"order": name, "status": status, "at": province.now.isoformat()}
        await did(province.postal, "pickup.report", dossier, report)
    loss = (await province.counter.fact("loss.recorded", dossier)).data
    assert (loss["holder"], loss["papers"]) == ("post", [RESULT])


async def watched(province: Province) -> None:
    """17.7.a, 16.3: an upper one-stop watches, or gets the dossier itself where it is sent there."""
    dossier, code = await province.accepted()
    forward = {"officer": OFFICER, "to": AGENCY, "one_stop": UPPER}
    await did(province.counter, FORWARD, dossier, forward)
    assert (await province.upper.fact("dossier.watched", dossier)).data["agency"] == AGENCY
    receive = {"officer": OFFICER}
    assert await did_not(province.upper, "dossier.receive", code, receive) == "security.foreign_organisation"
    await did(province.lead, "dossier.receive", code, receive)
    await did(province.lead, "result.issue", code, ISSUE)
    await province.upper.fact("result.issued", dossier)
    assert not province.upper.facts("dossier.forwarded", dossier)
    sent, _ = await province.accepted()
    await did(province.counter, FORWARD, sent, {**forward, "to": UPPER})
    assert (await province.upper.fact("dossier.forwarded", sent)).data["to"] == UPPER
    await did(province.upper, "dossier.receive", sent, receive)


async def wrong_result(province: Province) -> None:
    """21.1: the agency corrects it, and the applicant gets the corrected paper."""
    dossier, code = await province.issued()
    given = {"channel": "in_person", "papers": [RESULT], "received_by": APPLICANT["name"]}
    await did(province.counter, "result.return", dossier, given)
    new = {"code": RESULT, "number": "02/XN"}
    paper = {"code": RESULT, "number": "01/XN", "kind": "replaced", "new": new}
    data = {"papers": [paper], "fault": "agency", "reason": "Ghi sai ngày cấp", "signer": OFFICER}
    await did(province.lead, "result.correct", code, data)
    await province.counter.fact("result.corrected", dossier)
    await did(province.counter, "result.return", dossier, given)


async def complaint_answered(province: Province) -> None:
    """6.2.đ: a complaint has its time and its answer."""
    dossier, _ = await province.in_hand()
    complaint = {"kind": "reflection", "about": "agency", "way": "counter", "text": "Chưa có kết quả"}
    await did(province.counter, "complaint.record", dossier, {**complaint, "complainant": APPLICANT["name"]})
    name = (await province.counter.fact("complaint.recorded", dossier)).data["complaint"]
    answer = {"complaint": name, "outcome": "upheld", "answer": "Cơ quan đã xin lỗi", "told_by": "call"}
    told = {"told_at": province.now.isoformat(), "officer": OFFICER}
    await did(province.counter, "complaint.answer", dossier, {**answer, **told})
    await did_not(province.counter, "complaint.answer", dossier, {**answer, **told})


async def complaint_of_no_dossier(province: Province) -> None:
    """27, 6.2.đ: lodged on the portal, passed on, read and answered by who is competent only."""
    report = {"kind": "reflection", "about": "rule", "way": "portal", "text": "Quy định không khả thi"}
    report |= {"organisation": ONE_STOP, "complainant": APPLICANT["name"]}
    subject = f"ref:{uuid4()}"
    assert await did_not(province.portal, "complaint.lodge", subject, report) == "rule.27"
    named = {**report, "provision": "khoản 2 Điều 16"}
    matter = (await did(province.portal, "complaint.lodge", subject, named))["dossier"]
    assert await did_not(province.portal, "complaint.lodge", subject, named) == "reference.in_use"
    lodged = await province.counter.fact("complaint.lodged", matter)
    answer = {"complaint": lodged.data["complaint"], "outcome": "explained", "answer": "Đã báo cáo"}
    told = {"told_by": "letter", "told_at": province.now.isoformat(), "officer": OFFICER}
    assert await did_not(province.third, "complaint.answer", matter, answer | told) == "unknown_dossier"
    passing = {"complaint": answer["complaint"], "to": THIRD, "summary": "Vướng mắc", "officer": OFFICER}
    await did(province.counter, "complaint.forward", matter, passing)
    assert (await province.third.fact("complaint.forwarded", matter)).data["about"] == "rule"
    assert not province.third.facts("complaint.lodged", matter)
    await did(province.third, "complaint.answer", matter, answer | told)
    await province.counter.fact("complaint.answered", matter)


async def supplemented_online(province: Province) -> None:
    """14.2, 15.2, 17.4: lodged on the portal; each supplement starts its clock anew."""
    online = submission(applicant=REACHABLE, channel="online", return_channel="online")
    dossier = (await did(province.portal, SUBMIT, f"ref:{uuid4()}", online))["dossier"]
    first = (await province.counter.fact("dossier.submitted", dossier)).data["intake_limit"]
    form_02 = {"officer": OFFICER, "stage": "intake", "gaps": [{"reason": "Tờ khai chưa có chữ ký"}]}
    await did(province.counter, "dossier.request_supplement", dossier, form_02)
    assert (await province.portal.fact("dossier.supplement_requested", dossier)).data["form"] == "02"
    brought = {"components": [], "answers": [{"point": 1, "answer": "Đã ký"}]}
    await did(province.portal, "dossier.supplement", dossier, brought)
    assert await did_not(province.counter, "dossier.request_supplement", dossier, form_02) == "rule.8.5.b"
    (limit,) = await province.hub.database.fetch(TIMERS, dossier)
    assert limit["name"] == "intake"
    assert limit["due_at"] >= datetime.fromisoformat(first), "8 working hours anew"

    await province.known(dossier)
    code = (await did(province.counter, ACCEPT, dossier, acceptance()))["code"]
    due = (await province.portal.fact("dossier.accepted", dossier)).data["due_at"]
    await did(province.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
    await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
    found = {"officer": OFFICER, "outcome": "to_supplement", "findings": "Chưa rõ nơi cư trú"}
    await did(province.lead, "case.appraise", code, found)
    await did(province.lead, "dossier.request_supplement", code, {**form_02, "stage": "appraisal"})
    clocks = {row["name"] for row in await province.hub.database.fetch(TIMERS, dossier)}
    assert "due" not in clocks, "it stands still"
    await did(province.portal, "dossier.supplement", dossier, brought)
    told = province.portal
    await eventually(lambda: len(told.facts("dossier.supplemented", dossier)) == 2, 20, "both supplements")
    first_time, anew = (fact.data.get("due_at") for fact in told.facts("dossier.supplemented", dossier))
    assert first_time is None
    assert anew is not None
    assert datetime.fromisoformat(anew) >= datetime.fromisoformat(due), "counted anew from the supplement"
    await did(province.lead, "result.issue", code, ISSUE)


async def merged(province: Province, dossier: str, code: str, folder: Path) -> None:
    """16: a dossier that was open at the merger goes on with the successor, from the next act on."""
    step = {"step": "Thẩm định"}
    refused = await did_not(province.second, "case.step", code, step)
    assert refused in {"security.foreign_organisation", "unknown_dossier"}
    today = province.now.astimezone(VIETNAM).date()
    file = folder / "organisations.csv"
    file.write_text(
        "code,kind,level,parent,name_vi,in_force_from,in_force_until,successors\n"
        "H07.01,office,province,,Văn phòng Ủy ban nhân dân tỉnh,2020-01-01,,\n"
        f"{ONE_STOP},centre,province,H07.01,Trung tâm Phục vụ hành chính công,2020-01-01,,\n"
        f"{AGENCY},department,province,,Sở Mẫu,2020-01-01,{today},{SECOND}\n"
        f"{SECOND},department,province,,Sở Mẫu Mới,2020-01-01,,\n"
    )
    status, said = await hub_command(province.hub.environment, "organisations", "import", str(file), *SURE)
    assert status == 0, said

    async def goes_on() -> bool:
        return "facts" in await asked(province.second, "case.step", code, step)

    await eventually(goes_on, 30, "the successor to go on")
    taken = (await province.counter.fact("dossier.taken_over", dossier)).data
    assert taken["agency"] == SECOND
    assert taken["followed"] == [{"former": AGENCY, "successor": SECOND}]
    assert await did_not(province.lead, "case.step", code, step)
    await eventually(lambda: imports_on_record(province.hub), 30, "the import as a fact")


async def explained(hub: Hub, code: str) -> None:
    """Section 7: the case file says in words what happened, by which rules, and what comes next."""
    status, text = await hub_command(hub.environment, "explain", code, "--json")
    assert status == 0, text
    file = json.loads(text)
    lines = {line["name"]: line["text"] for line in file["timeline"]}
    assert lines["dossier.taken_over"] == "Cơ quan, đơn vị kế thừa tiếp tục giải quyết hồ sơ"
    assert file["agency"] == {"code": SECOND, "text": f"Sở Mẫu Mới ({SECOND})"}
    (due,) = [limit for limit in file["limits"] if limit["kind"] == "due"]
    assert (due["rule"], due["of"], file["law"][2] in due["explained"]) == ("15.1.a", SECOND, True)
    assert file["next"]["type"] == "onestop.result.issue.v1"
    cites = {rule["id"]: rule["cites"] for rule in file["rules"]}
    assert cites["15.1.a"] == "điểm a khoản 1 Điều 15"
    status, said = await hub_command(hub.environment, "explain", code, "--language", "en")
    assert (status, f"Dossier {code}: in process" in said) == (0, True)
    assert not [value for value in (PHONE, EMAIL, ADDRESS, *PERSONS) if value in text + said]


async def fees_settled(province: Province, began: list[str], later: asyncio.Event) -> None:
    """9.10: one matter of both sides, quarter by quarter, whoever writes; strangers hear nothing of it."""
    quarter, following = province.quarter_before, province.quarter
    done = await did(province.counter, "fees.settle", f"ref:{uuid4()}", settlement(quarter))
    matter = done["dossier"]
    twice = await did_not(province.lead, "fees.settle", f"ref:{uuid4()}", settlement(quarter))
    assert twice == "rule.9.10.settled"
    again = await did(province.lead, "fees.settle", f"ref:{uuid4()}", settlement(quarter, corrects=True))
    assert again["dossier"] == matter
    both = (province.counter, province.lead)
    await eventually(
        lambda: all(len(to.facts("fees.settled", matter)) == 2 for to in both), 20, "both settlements"
    )
    stranger = await did_not(province.second, "fees.settle", f"ref:{uuid4()}", settlement(quarter))
    assert stranger == "security.foreign_organisation"
    assert await did_not(province.second, "case.step", matter, {"step": "X"}) == "unknown_dossier"
    assert await did_not(province.lead, "case.step", matter, {"step": "X"}) == "matter.not_possible"
    rows = await province.hub.database.fetch(TIMERS, matter)
    assert [row["name"] for row in rows] == [f"settlement:{following}"]
    async with until_later(began, "fees", later):
        environment = province.hub.environment
        status, text = await hub_command(environment, "matter", "show", f"fees/{ONE_STOP}/{AGENCY}", "--json")
        assert (status, list(json.loads(text)["quarters"])) == (0, [quarter]), text
        status, text = await hub_command(environment, "matter", "list", "--organisation", AGENCY, "--json")
        assert (status, [row["id"] for row in json.loads(text)]) == (0, [matter]), text
        status, text = await hub_command(environment, "dossier", "timeline", matter)
        assert (status, text.count("fees.settled")) == (0, 2), text
        status, text = await hub_command(environment, "explain", matter)
        assert (status, "hub matter show" in text) == (1, True), text
        assert OFFICER["name"] not in text


async def test_stories_of_the_decision_hold_on_the_real_stack(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        province = Province(hub)
        await province.open()
        began: list[str] = []
        later = asyncio.Event()
        waiting = [
            story(province, began, later) for story in (at_once, opinion_overdue, apologies, fees_settled)
        ]
        stories = [
            on_paper, lost_by_the_agency, lost_by_the_post, watched, wrong_result, complaint_answered,
            supplemented_online, complaint_of_no_dossier,
        ]  # fmt: skip
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(story) for story in waiting]
            await asyncio.gather(*(story(province) for story in stories))
            await eventually(lambda: len(began) == len(tasks), 60, "each story to wait for later")
            await province.move(MUCH_LATER)
            later.set()
        for client in (province.second, province.third):
            assert client.inbox
            told = b"".join(message.value for message in client.inbox).decode()
            assert not [value for value in (PHONE, EMAIL, ADDRESS) if value in told]
        dossier, code = await province.in_hand()
        await did(province.lead, "case.assign", code, {"assignee": OFFICER})
        await merged(province, dossier, code, tmp_path)
        await explained(hub, code)
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said
