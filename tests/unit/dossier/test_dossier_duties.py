"""What acts leave to do: applicants are told, papers go back, and the portal knows: Art. 15.2.a, 15.3, 17."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.dossier.rules.late import who_had_to_act
from hub.regulation.law import Law
from schemas.due import DeadlineMissed, RuleViolated
from schemas.sync import ReportSync
from tests.support import dossiers as build
from tests.support import words
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, MONDAY, ONE_STOP, PORTAL, Story, at
from tests.support.ending import archiving

ANSWERED = at("2026-10-05 10:00")
EIGHT_HOURS = at("2026-10-06 09:00")


def online(law: Law | None = None) -> Story:
    """Lodged on the portal on Monday at nine, so that the 8 working hours end on Tuesday at nine."""
    story = build.submitted(MONDAY, PORTAL, channel="online", return_channel="online")
    story.law = law or story.law
    return story


@pytest.mark.rule("15.2.a")
@pytest.mark.parametrize("purpose", ["supplement", "decline", "intake"])
def test_who_lodged_online_is_told_within_the_8_hours_what_lacks(purpose: str) -> None:
    story = online()
    story.accepts(build.supplement_request(), COUNTER, ANSWERED)
    timer = story.now.timers["notice:answer"]
    assert (timer.kind, timer.due_at) == ("notice", EIGHT_HOURS)
    assert who_had_to_act(story.now, "notice", "notice:answer") == ONE_STOP
    story.accepts(words.notice(purpose, failure="Không nghe máy"), COUNTER, ANSWERED)
    assert "notice:answer" in story.now.timers
    story.accepts(words.notice(purpose), COUNTER, ANSWERED)
    assert "notice:answer" not in story.now.timers


@pytest.mark.rule("15.2.a")
def test_that_nobody_was_told_of_a_refusal_is_on_record_also_after_the_dossier_is_over() -> None:
    story = online()
    story.accepts(build.refusal(reason="not_entitled"), COUNTER, ANSWERED)
    (missed,) = story.accepts(build.firing(story.now, "notice:answer"), HUB, EIGHT_HOURS)
    assert missed == DeadlineMissed(timer="notice:answer", kind="notice", due_at=EIGHT_HOURS, holder=ONE_STOP)
    assert story.now.timers == {}


@pytest.mark.rule("15.2.a")
def test_a_notice_that_comes_late_before_the_clock_fires_and_an_answer_of_the_applicant_end_the_watch() -> (
    None
):
    story = online()
    story.accepts(build.supplement_request(), COUNTER, ANSWERED)
    facts = story.accepts(words.notice("supplement"), COUNTER, EIGHT_HOURS + timedelta(minutes=1))
    assert isinstance(facts[0], DeadlineMissed)
    answered = online()
    answered.accepts(build.supplement_request(), COUNTER, ANSWERED)
    assert len(answered.accepts(build.supplement(), PORTAL, ANSWERED)) == 1
    assert answered.now.timers.keys() == {"intake"}


@pytest.mark.rule("15.2.a")
def test_a_late_answer_has_the_time_of_the_profile_and_a_counter_tells_face_to_face() -> None:
    story = online()
    story.accepts(build.supplement_request(), COUNTER, at("2026-10-06 10:00"))
    assert story.now.timers["notice:answer"].due_at == at("2026-10-07 10:00")
    at_the_counter = build.submitted()
    at_the_counter.accepts(build.supplement_request(), COUNTER)
    assert at_the_counter.now.timers == {}
    unwatched = online(build.law_with(notices={"told_working_minutes": None}))
    unwatched.accepts(build.supplement_request(), COUNTER, ANSWERED)
    assert unwatched.now.timers == {}


@pytest.mark.rule("17.9")
def test_the_new_time_of_form_04_is_told_within_the_time_of_the_profile() -> None:
    story = build.in_process()
    story.accepts(build.apology(at("2026-10-12 10:00")), AGENCY, at("2026-10-07 10:00"))
    assert story.now.timers["notice:new_time"].due_at == at("2026-10-08 10:00")
    story.accepts(words.notice("reschedule", "social"), COUNTER, at("2026-10-07 11:00"))
    assert "notice:new_time" not in story.now.timers


@pytest.mark.rule("17.4")
def test_with_form_02_of_the_agency_the_papers_go_back() -> None:
    story = build.in_process()
    papers = story.now.paper_codes
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    timer = story.now.timers["papers_back"]
    assert (timer.kind, timer.due_at) == ("papers_back", at("2026-10-08 17:00"))
    assert who_had_to_act(story.now, "papers_back", "papers_back") == AGENCY_CODE
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, papers[0]), AGENCY)
    assert "papers_back" in story.now.timers
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, *papers[1:]), AGENCY)
    assert "papers_back" not in story.now.timers


@pytest.mark.rule("17.8")
def test_with_the_agencys_refusal_the_papers_go_back_before_it_is_archived() -> None:
    story = build.in_process()
    papers = story.now.paper_codes
    story.accepts(build.refusal(), AGENCY)
    assert story.now.timers.keys() == {"papers_back"}
    assert story.refuses(archiving(), AGENCY).possible == ("papers",)
    late = at("2026-10-08 17:01")
    missed, _ = story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, *papers), AGENCY, late)
    assert isinstance(missed, DeadlineMissed)
    assert (missed.kind, missed.holder) == ("papers_back", AGENCY_CODE)
    story.accepts(build.paper_receipt(AGENCY_CODE, ONE_STOP, *papers), COUNTER, late)
    story.accepts(archiving(), AGENCY, late)


@pytest.mark.rule("17.8")
def test_an_electronic_dossier_has_nothing_to_send_back_and_a_profile_may_not_watch() -> None:
    electronic = tuple(item.model_copy(update={"electronic": True}) for item in build.papers())
    story = build.identified(components=electronic)
    for request, sender in (
        (build.acceptance(components=electronic), COUNTER),
        (build.forwarding(), COUNTER),
        (build.receipt(), AGENCY),
        (build.refusal(), AGENCY),
    ):
        story.accepts(request, sender)
    assert story.now.timers == {}
    unwatched = build.in_process()
    unwatched.law = build.law_with(returning={"papers_back_working_days": None})
    unwatched.accepts(build.refusal(), AGENCY)
    assert unwatched.now.timers == {}


@pytest.mark.rule("15.3")
def test_a_change_that_the_national_portal_did_not_take_is_marked() -> None:
    story = build.accepted()
    taken = ReportSync(message="m-1", outcome="delivered", at=MONDAY)
    assert len(story.accepts(taken, PORTAL)) == 1
    for outcome in ("rejected", "unknown"):
        not_taken = taken.model_copy(update={"outcome": outcome})
        assert story.accepts(not_taken, PORTAL)[1:] == (RuleViolated(rule="15.3", late_s=0),)
        assert len(story.accepts(not_taken, build.POSTAL)) == 1
        assert len(build.submitted().accepts(not_taken, PORTAL)) == 1
    story.law = build.law_with(intake={"unsynced": "ignore"})
    assert len(story.accepts(not_taken, PORTAL)) == 1
