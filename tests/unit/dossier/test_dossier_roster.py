"""Who acts is on the day's roster, by the choice of the profile: 8.1.c, 8.2.c, 8.3.b, 19.7."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from hub.regulation.registered import Registers
from schemas.due import DeadlineMissed, RuleViolated
from schemas.feedback import RatingRecorded, RecordRating
from schemas.opinion import RequestOpinion
from schemas.party import Officer
from schemas.result import IssueResult, ResultIssued
from tests.support import dossiers as build
from tests.support import words
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, OFFICER, PORTAL, Story, at
from tests.support.ending import correction
from tests.support.registers import ROSTER, delegated, officers

LATER = at("2027-02-01 09:00")
HEAD = Officer(account="giam.doc", name="Phan Thị Giả Lập")
LEADER = Officer(account="pho.phong", name="Đỗ Văn Ví Dụ")
STRANGER = Officer(account="canbo.la", name="Lê Thị Thí Dụ")


def story(choice: str = "refuse", text: str = ROSTER, given: str | None = None) -> Story:
    """Lodged and known, under a profile that chooses so."""
    one = Story(
        law=build.law_with(officers={"unlisted": choice}), registers=Registers(roster=officers(text, given))
    )
    one.accepts(build.submission(), COUNTER)
    one.accepts(build.verification(), COUNTER)
    check = one.now.owner.check
    assert check is not None
    one.accepts(build.identity_answer(check), build.POPULATION)
    return one


@pytest.mark.rule("8.1.c")
def test_an_act_of_the_one_stop_names_an_officer_of_the_days_roster() -> None:
    one = story()
    refused = one.refuses(build.acceptance(officer=STRANGER), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("officer.not_listed", "8.1.c", ("/officer",))
    assert one.refuses(build.acceptance(), COUNTER, LATER).code == "officer.not_listed"
    another = Officer(account=OFFICER.account, name="Trần Văn Thử")
    assert one.refuses(build.acceptance(officer=another), COUNTER).code == "officer.not_listed"
    one.accepts(build.acceptance(officer=Officer(account="du.phong", name="Đỗ Văn Ví Dụ")), COUNTER)


@pytest.mark.rule("8.2.c")
@pytest.mark.rule("8.3.b")
@pytest.mark.parametrize(("level", "rule"), [("district", "8.2.c"), ("commune", "8.3.b")])
def test_each_level_has_a_list_of_its_own(level: str, rule: str) -> None:
    one = story(text=ROSTER.replace("province", level))
    assert one.refuses(build.acceptance(officer=STRANGER), COUNTER).rule == rule
    one.accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("8.1.c")
def test_the_profile_ignores_marks_or_refuses() -> None:
    facts = story("mark").accepts(build.acceptance(officer=STRANGER), COUNTER)
    assert facts[-1] == RuleViolated(rule="8.1.c", late_s=0)
    assert RuleViolated(rule="8.1.c", late_s=0) not in story("mark").accepts(build.acceptance(), COUNTER)
    assert RuleViolated(rule="8.1.c", late_s=0) not in story("ignore").accepts(
        build.acceptance(officer=STRANGER), COUNTER
    )


@pytest.mark.rule("8.1.c")
def test_who_helps_at_the_counter_is_on_the_roster_and_who_lodges_alone_names_nobody() -> None:
    one = Story(law=build.law_with(officers={"unlisted": "refuse"}), registers=Registers(roster=officers()))
    refused = one.refuses(build.submission(assisted_by="canbo.la"), COUNTER)
    assert (refused.code, refused.fields) == ("officer.not_listed", ("/assisted_by",))
    one.accepts(build.submission(channel="online", return_channel="online"), PORTAL)


@pytest.mark.rule("8.1.c")
def test_of_an_organisation_without_a_listed_officer_nothing_is_asked() -> None:
    elsewhere = ROSTER.replace(build.ONE_STOP, "H07.99").replace(AGENCY_CODE, "H07.98")
    story(text=elsewhere).accepts(build.acceptance(officer=STRANGER), COUNTER)


def at_the_agency(given: str | None = None) -> Story:
    one = story(given=given)
    one.accepts(build.acceptance(), COUNTER)
    one.accepts(build.forwarding(), COUNTER)
    one.accepts(build.receipt(), AGENCY)
    return one


@pytest.mark.rule("19.7")
def test_a_result_is_signed_by_the_head_or_with_an_authority_on_record() -> None:
    def signed(by: Officer) -> IssueResult:
        return build.issue().model_copy(update={"signer": by})

    refused = at_the_agency().refuses(signed(LEADER), AGENCY)
    assert (refused.code, refused.rule, refused.fields) == ("officer.may_not_sign", "19.7", ("/signer",))
    at_the_agency().accepts(signed(HEAD), AGENCY)
    given = delegated(f"pho.phong,{AGENCY_CODE},19.7,{build.PROCEDURE}")
    at_the_agency(given).accepts(signed(LEADER), AGENCY)
    other = delegated(f"pho.phong,{AGENCY_CODE},19.7,1.000656")
    assert at_the_agency(other).refuses(signed(LEADER), AGENCY).code == "officer.may_not_sign"


@pytest.mark.rule("17.5.a")
def test_a_one_stop_asks_for_an_opinion_by_an_authority_on_record() -> None:
    def asked(given: str | None) -> Story:
        one = story(given=given)
        one.accepts(build.acceptance(), COUNTER)
        one.accepts(build.forwarding(), COUNTER)
        one.accepts(build.receipt(), AGENCY)
        return one

    question = RequestOpinion(
        opinion="y-kien-1", officer=OFFICER, of="H07.21", content="Xác nhận nơi cư trú", working_days=2,
        delegation="QĐ 02/2026",
    )  # fmt: skip
    refused = asked(None).refuses(question, COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("officer.may_not_ask", "17.5.a", ("/delegation",))
    asked(delegated(f"canbo.mau,{build.ONE_STOP},17.5.a,")).accepts(question, COUNTER)


@pytest.mark.rule("19.7")
def test_a_result_is_corrected_only_by_who_may_sign_one() -> None:
    one = at_the_agency()
    one.accepts(build.issue().model_copy(update={"signer": HEAD}), AGENCY)
    refused = one.refuses(correction((build.RESULT_CODE,), signer=LEADER), AGENCY)
    assert (refused.code, refused.fields) == ("officer.may_not_sign", ("/signer",))
    one.accepts(correction((build.RESULT_CODE,), signer=HEAD), AGENCY)


@pytest.mark.rule("9.2")
def test_a_rating_names_an_officer_who_was_posted_there_while_the_dossier_was() -> None:
    def rated(account: str, about: str = "one_stop") -> RecordRating:
        return words.rating(about).model_copy(update={"official_account": account})

    one = story("ignore")
    refused = one.refuses(rated("canbo.la"), PORTAL)
    assert (refused.code, refused.rule, refused.fields) == (
        "officer.not_rated",
        "9.2",
        ("/official_account",),
    )
    assert one.refuses(rated("canbo.mau", "agency"), PORTAL).code == "officer.not_rated"
    (fact,) = one.accepts(rated("canbo.mau"), PORTAL, LATER)
    assert isinstance(fact, RatingRecorded)
    assert fact.official_account == "canbo.mau", "posted when it was lodged, and no more when it was rated"
    elsewhere = ROSTER.replace(build.ONE_STOP, "H07.99")
    story("ignore", elsewhere).accepts(rated("canbo.la"), PORTAL)
    unlisted = Story()
    unlisted.accepts(build.submission(), COUNTER)
    unlisted.accepts(rated("canbo.la"), PORTAL)


def accepted(given: str | None) -> Story:
    one = story("ignore", given=given)
    one.accepts(build.acceptance(), COUNTER)
    return one


GIVEN = delegated(f"canbo.mau,{AGENCY_CODE},6.2.c,{build.PROCEDURE}")


@pytest.mark.rule("6.2.c")
def test_a_one_stop_decides_what_was_assigned_to_its_officer_and_nothing_else() -> None:
    refused = accepted(None).refuses(build.issue(), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("officer.may_not_decide", "6.2.c", ("/signer",))
    other = delegated(f"canbo.mau,{AGENCY_CODE},6.2.c,1.000656")
    assert accepted(other).refuses(build.issue(), COUNTER).code == "officer.may_not_decide"
    asks = delegated(f"canbo.mau,{AGENCY_CODE},17.5.a,{build.PROCEDURE}")
    assert accepted(asks).refuses(build.issue(), COUNTER).code == "officer.may_not_decide"
    one = accepted(GIVEN)
    fact = one.accepts(build.issue(), COUNTER)[0]
    assert isinstance(fact, ResultIssued)
    assert (fact.agency, fact.decided_by) == (AGENCY_CODE, build.ONE_STOP)
    known = Directory((COUNTER, AGENCY, build.OTHER_AGENCY))
    assert receivers(one.now, one.now, fact, known) == ("counter-mau", "agency-mau"), "in whose name it was"
    own = fact.model_copy(update={"decided_by": None})
    assert receivers(one.now, one.now, own, known) == ("counter-mau",)
    assert (one.now.status, one.now.custody[build.RESULT_CODE]) == ("result_issued", build.ONE_STOP)
    assert not one.now.timers
    one.accepts(build.result_return(), COUNTER)


@pytest.mark.rule("6.2.c")
def test_a_one_stop_decides_by_none_but_an_officer_of_its_own() -> None:
    elsewhere = f"{ROSTER}khac.mau,Lê Thị Khác,Công chức một cửa,H07.99,province,officer,2026-01-01,\n"
    given = delegated(f"khac.mau,{AGENCY_CODE},6.2.c,{build.PROCEDURE}")
    one = story("ignore", elsewhere, given)
    one.accepts(build.acceptance(), COUNTER)
    by = build.issue().signer.model_copy(update={"account": "khac.mau"})
    refused = one.refuses(build.issue().model_copy(update={"signer": by}), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("officer.may_not_decide", "6.2.c", ("/signer",))


@pytest.mark.rule("6.2.c")
def test_it_decides_only_what_it_has_accepted_and_not_passed_on() -> None:
    before = story("ignore", given=GIVEN)
    assert before.refuses(build.issue(), COUNTER).code == "state.conflict"
    one = accepted(GIVEN)
    one.accepts(build.forwarding(), COUNTER)
    assert one.refuses(build.issue(), COUNTER).code == "state.conflict"
    assert accepted(GIVEN).refuses(build.issue(), AGENCY).code == "rule.19.4"


@pytest.mark.rule("6.2.c")
def test_a_transfer_that_was_due_before_the_decision_stays_on_record_as_missed() -> None:
    one = accepted(GIVEN)
    late = one.now.timers["forward_electronic"].due_at + timedelta(minutes=1)
    missed = [fact for fact in one.accepts(build.issue(), COUNTER, late) if isinstance(fact, DeadlineMissed)]
    assert [fact.timer for fact in missed] == ["forward_electronic"]


@pytest.mark.rule("9.2")
@pytest.mark.parametrize(
    ("score", "sent_by", "told_to"), [(2, "H07.21", "H07.21"), (3, "H07.21", None), (1, "", None)]
)
def test_a_low_rating_of_an_officer_is_told_to_the_agency_that_posted_him(
    score: int, sent_by: str, told_to: str | None
) -> None:
    text = "\n".join(
        f"{line},{('sent_by', sent_by, '', '')[number]}" for number, line in enumerate(ROSTER.splitlines())
    )
    one = story("ignore", text)
    rated = words.rating("one_stop", score=score).model_copy(update={"official_account": "canbo.mau"})
    (fact,) = one.accepts(rated, PORTAL)
    assert isinstance(fact, RatingRecorded)
    assert fact.told_to == told_to
    known = Directory((COUNTER, AGENCY, build.OTHER_AGENCY))
    named = ("agency-khac",) if told_to else ()
    assert receivers(one.now, one.now, fact, known) == ("counter-mau", *named)
