"""Officers whom others post to the one-stop, and its head: Art. 4.6, 5.2, 7.1; the own office: 4.5."""

from __future__ import annotations

import pytest

from hub.dossier.decision import Sender
from hub.dossier.rules.roster import marks_of
from hub.regulation.registered import Registers
from schemas.base import Request
from schemas.copy import RegisterCopy
from schemas.due import RuleViolated
from schemas.party import Officer
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY_CODE, COUNTER, OFFICER, ONE_STOP, PROCEDURE, Story, at
from tests.support.registers import FIELDS, OFFICE, listed, merged, officers

GUEST = Officer(account="canbo.cu", name="Đỗ Văn Ví Dụ")
GUEST_OF_POST = "H07.90"
PROVINCE = f"""\
{FIELDS},tasks
{OFFICE},office,province,Văn phòng UBND tỉnh,,,,,2020-01-01,,,
{ONE_STOP},centre,province,Trung tâm,{OFFICE},,,3511.0.1234,2020-01-01,,,
{AGENCY_CODE},KIND,province,Cơ quan mẫu,,,,,2020-01-01,,,
{GUEST_OF_POST},post,province,Bưu chính công ích,,,,,2020-01-01,,,TASKS
"""
POSTINGS = f"""\
account,name,title,organisation,level,position,in_force_from,in_force_until,sent_by
{OFFICER.account},{OFFICER.name},Công chức một cửa,{ONE_STOP},province,officer,2026-01-01,2027-01-01,
{GUEST.account},{GUEST.name},Được cử đến,{ONE_STOP},province,officer,2026-01-01,2027-01-01,SENDER
giam.doc,Phan Thị Giả Lập,Giám đốc,{ONE_STOP},province,head,2026-01-01,,
"""


def story(sender: str, kind: str = "department", tasks: str = "", choice: str = "refuse") -> Story:
    """Lodged and known; `sender` has posted an officer to the one-stop."""
    province = merged(PROVINCE.replace("KIND", kind).replace("TASKS", tasks))
    roster = officers(POSTINGS.replace("SENDER", sender))
    one = build.identified()
    one.law = build.law_with(officers={"unlisted": choice})
    one.registers = Registers(province, roster)
    return one


@pytest.mark.rule("4.6")
def test_what_a_branch_handles_is_taken_in_by_whom_it_posts_there() -> None:
    one = story(AGENCY_CODE, "vertical")
    refused = one.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("officer.not_of_branch", "4.6", ("/officer",))
    one.accepts(build.acceptance(officer=GUEST), COUNTER)
    marked = story(AGENCY_CODE, "vertical", choice="mark").accepts(build.acceptance(), COUNTER)
    assert RuleViolated(rule="4.6", late_s=0) in marked
    story(AGENCY_CODE).accepts(build.acceptance(), COUNTER)
    story("H07.99", "vertical").accepts(build.acceptance(), COUNTER)


COPY = RegisterCopy(component=build.papers()[0].code, package="1" * 64, files=("2" * 64,), officer=GUEST)


@pytest.mark.rule("5.2")
@pytest.mark.parametrize(
    ("request_", "task"),
    [
        (build.acceptance(officer=GUEST), "receive"),
        (build.supplement_request(officer=GUEST), "guide"),
        (COPY, "digitise"),
    ],
)
def test_staff_of_the_post_do_what_was_assigned_to_the_post(request_: Request, task: str) -> None:
    others = ";".join(sorted({"guide", "receive", "digitise", "return"} - {task}))
    marked = story(GUEST_OF_POST, tasks=others, choice="mark").context(COUNTER, build.MONDAY)
    marks = marks_of(story(GUEST_OF_POST, tasks=others).now, request_, marked)
    assert marks == (RuleViolated(rule="5.2", late_s=0),)
    allowed = story(GUEST_OF_POST, tasks=task, choice="mark").context(COUNTER, build.MONDAY)
    assert marks_of(story(GUEST_OF_POST).now, request_, allowed) == ()


@pytest.mark.rule("7.1")
def test_an_urging_letter_is_signed_by_the_head_of_the_one_stop() -> None:
    one = story("")
    one.accepts(build.acceptance(), COUNTER)
    one.accepts(build.forwarding(), COUNTER)
    due_day = at("2026-10-08 08:00")
    refused = one.refuses(build.reminder(letter=build.letter()), COUNTER, due_day)
    assert (refused.code, refused.rule, refused.fields) == ("officer.not_head", "7.1", ("/letter/signer",))
    head = Officer(account="giam.doc", name="Phan Thị Giả Lập")
    one.accepts(build.reminder(letter=build.letter(signer=head)), COUNTER, due_day)
    one.accepts(build.reminder(), COUNTER, due_day)


@pytest.mark.rule("4.5")
def test_what_the_list_exempts_is_taken_in_and_given_back_at_the_agencys_own_office() -> None:
    """Its office is the one-stop of that dossier, and the only one that may return the result."""
    text = PROVINCE.replace("KIND", "department").replace("TASKS", "")
    own = Registers(merged(text, listed(f"own_office,{PROCEDURE}")))
    assert Story(registers=own).refuses(build.submission(), COUNTER).code == "rule.4.5"
    office = Sender("agency-mau", frozenset({"counter", "agency"}), frozenset({AGENCY_CODE}))
    one = Story(registers=own)
    one.accepts(build.submission(organisation=AGENCY_CODE), office)
    one.accepts(build.verification(), office)
    assert one.now.owner.check is not None
    one.accepts(build.identity_answer(one.now.owner.check), build.POPULATION)
    for request in (
        build.acceptance(),
        build.forwarding(),
        build.receipt(),
        build.assignment(),
        build.issue(),
    ):
        one.accepts(request, office)
    assert one.refuses(build.result_return(), COUNTER).code == "security.foreign_organisation"
    one.accepts(build.result_return(), office)
    assert one.now.status == "returned"
