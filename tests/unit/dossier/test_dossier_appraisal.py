"""Appraisal and what follows it: Art. 17.2, 17.4, 17.8."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from hub.dossier.standing import possible_now
from hub.dossier.state.model import Timer
from hub.regulation.sections import Handling
from schemas.case import AppraiseCase, CaseAppraised, SectorTime
from schemas.dossier import SupplementRequested
from schemas.due import DeadlineMissed, RuleViolated
from schemas.result import ResultIssued
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, HUB, MONDAY, OTHER_AGENCY, PORTAL, Story, at

APPRAISED = at("2026-10-06 10:00")


def in_process() -> Story:
    """A case that is due in two weeks, so that three working days end before."""
    story = build.in_process()
    due_at = at("2026-10-19 17:00")
    timers = {"due": Timer("due", due_at)}
    story.dossier = structs.replace(story.now, due_at=due_at, timers=timers)
    return story


def with_appraisals(story: Story) -> Story:
    """The same under a profile that needs them."""
    profile = replace(story.law.profile, handling=Handling(appraisal="required"))
    story.law = replace(story.law, profile=profile)
    return story


@pytest.mark.rule("17.2")
def test_an_appraisal_against_the_dossier_says_why() -> None:
    story = build.in_process()
    for outcome in ("to_supplement", "not_eligible"):
        for blank in ({"findings": " "}, {"findings": None}):
            refused = story.refuses(build.appraisal(outcome, **blank), AGENCY)
            assert (refused.code, refused.fields) == ("rule.17.2.findings", ("/findings",))
    (fact,) = story.accepts(build.appraisal(), AGENCY, APPRAISED)
    assert isinstance(fact, CaseAppraised)
    assert (fact.outcome, fact.appraised_at, fact.notice_limit) == ("eligible", APPRAISED, None)
    assert story.now.appraisal == "eligible"


@pytest.mark.rule("19.4")
def test_nobody_else_appraises_and_nothing_that_did_not_come_through_the_one_stop() -> None:
    assert build.accepted().refuses(build.appraisal(), AGENCY).code == "rule.19.4"
    story = build.in_process()
    for sender in (COUNTER, PORTAL, OTHER_AGENCY):
        assert story.refuses(build.appraisal(), sender).code == "security.foreign_organisation"


@pytest.mark.rule("17.2")
@pytest.mark.parametrize("outcome", ["to_supplement", "not_eligible"])
def test_a_result_is_issued_only_after_an_appraisal_that_found_the_dossier_eligible(outcome: str) -> None:
    story = build.in_process()
    story.accepts(build.appraisal(outcome), AGENCY)
    assert story.refuses(build.issue(), AGENCY).code == "rule.17.2"
    story.accepts(build.appraisal(), AGENCY)
    assert isinstance(story.accepts(build.issue(), AGENCY)[0], ResultIssued)


@pytest.mark.rule("17.2")
def test_a_profile_may_need_an_appraisal_before_every_result() -> None:
    assert build.in_process().accepts(build.issue(), AGENCY)
    story = with_appraisals(build.in_process())
    assert story.refuses(build.issue(), AGENCY).code == "rule.17.2"


@pytest.mark.rule("17.4")
def test_form_02_follows_the_appraisal_that_asks_for_it() -> None:
    story = build.in_process()
    for outcome in ("eligible", "not_eligible"):
        story.accepts(build.appraisal(outcome), AGENCY)
        assert story.refuses(build.supplement_request("appraisal"), AGENCY).code == "rule.17.4.appraisal"
    story.accepts(build.appraisal("to_supplement"), AGENCY)
    assert story.accepts(build.supplement_request("appraisal"), AGENCY)
    bound = with_appraisals(build.in_process())
    assert bound.refuses(build.supplement_request("appraisal"), AGENCY).code == "rule.17.4.appraisal"
    at_intake = with_appraisals(build.submitted())
    assert at_intake.accepts(build.supplement_request(), COUNTER)


@pytest.mark.rule("17.8")
def test_a_refusal_as_not_eligible_follows_an_appraisal_that_found_so() -> None:
    story = build.in_process()
    story.accepts(build.appraisal(), AGENCY)
    assert story.refuses(build.refusal(), AGENCY).code == "rule.17.8.appraisal"
    story.accepts(build.appraisal("not_eligible"), AGENCY)
    assert story.accepts(build.refusal(), AGENCY)
    assert with_appraisals(build.in_process()).refuses(build.refusal(), AGENCY).code == "rule.17.8.appraisal"
    elsewhere = with_appraisals(build.in_process())
    assert elsewhere.accepts(build.refusal(reason="out_of_competence", competent="H07.21"), AGENCY)


@pytest.mark.rule("17.4")
def test_form_02_has_three_working_days_from_the_appraisal() -> None:
    story = in_process()
    (fact,) = story.accepts(build.appraisal("to_supplement"), AGENCY, APPRAISED)
    assert isinstance(fact, CaseAppraised)
    assert fact.notice_limit == at("2026-10-09 17:00") == story.now.timers["supplement_notice"].due_at
    (asked,) = story.accepts(build.supplement_request("appraisal"), AGENCY, APPRAISED)
    assert isinstance(asked, SupplementRequested)
    assert "supplement_notice" not in story.now.timers
    assert story.now.notice_limit is None


@pytest.mark.rule("17.4")
def test_the_law_of_the_sector_may_set_other_days_for_form_02_and_the_due_time_ends_them() -> None:
    story = in_process()
    sector = SectorTime(working_days=1, basis="Điều 5 Nghị định mẫu")
    story.accepts(build.appraisal("to_supplement", notice_time=sector), AGENCY, APPRAISED)
    assert story.now.notice_limit == at("2026-10-07 17:00")
    long = SectorTime(working_days=200, basis="Điều 5 Nghị định mẫu")
    due = build.in_process()
    due.accepts(build.appraisal("to_supplement", notice_time=long), AGENCY, APPRAISED)
    assert due.now.notice_limit == due.now.due_at
    with pytest.raises(ValueError, match="go together"):
        AppraiseCase(officer=build.OFFICER, outcome="eligible", notice_time=sector)


@pytest.mark.rule("17.4")
def test_form_02_after_its_three_days_is_late_and_takes_nothing_from_the_due_time() -> None:
    story = in_process()
    story.accepts(build.appraisal("to_supplement"), AGENCY, APPRAISED)
    late = at("2026-10-12 07:00")
    facts = story.accepts(build.supplement_request("appraisal"), AGENCY, late)
    missed, asked, violated = facts
    assert isinstance(missed, DeadlineMissed)
    assert (missed.kind, missed.holder) == ("supplement_notice", build.AGENCY_CODE)
    assert isinstance(asked, SupplementRequested)
    assert asked.overdue_s == 0
    assert violated == RuleViolated(rule="17.4", late_s=62 * 3600)


@pytest.mark.rule("17.4")
def test_a_missed_notice_is_on_record_and_form_02_is_still_late_after_it() -> None:
    story = in_process()
    story.accepts(build.appraisal("to_supplement"), AGENCY, APPRAISED)
    limit = at("2026-10-09 17:00")
    (missed,) = story.accepts(build.firing(story.now, "supplement_notice"), HUB, limit)
    assert isinstance(missed, DeadlineMissed)
    facts = story.accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-09 17:01"))
    assert facts[-1] == RuleViolated(rule="17.4", late_s=60)


@pytest.mark.rule("17.4")
def test_appraising_again_gives_form_02_no_more_time() -> None:
    story = in_process()
    story.accepts(build.appraisal("to_supplement"), AGENCY, APPRAISED)
    story.accepts(build.appraisal(), AGENCY, at("2026-10-07 10:00"))
    assert "supplement_notice" not in story.now.timers
    story.accepts(build.appraisal("to_supplement"), AGENCY, at("2026-10-08 10:00"))
    assert story.now.timers["supplement_notice"].due_at == at("2026-10-09 17:00")
    story.accepts(build.appraisal("to_supplement"), AGENCY, at("2026-10-12 10:00"))
    assert "supplement_notice" not in story.now.timers
    assert story.now.notice_limit == at("2026-10-09 17:00")


def test_after_a_supplement_the_dossier_is_appraised_anew() -> None:
    story = build.in_process()
    story.accepts(build.appraisal("to_supplement"), AGENCY)
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    assert "onestop.case.appraise.v1" not in possible_now(story.now)
    story.accepts(build.supplement(), COUNTER, MONDAY)
    assert story.now.appraisal is None
    assert story.accepts(build.issue(), AGENCY)
