"""Reminders and urging letters of the one-stop: Art. 6.3.b, 7.1."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.dossier.standing import possible_now
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from hub.regulation.sections import Urging
from schemas.reminder import ReminderIssued
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, MONDAY, ONE_STOP, OTHER_AGENCY, at

DUE_DAY = at("2026-10-08 07:00")
DUE = at("2026-10-08 17:00")
LATE = at("2026-10-09 17:00")
EVERYBODY = Directory((COUNTER, AGENCY, OTHER_AGENCY, build.OTHER_COUNTER, build.PORTAL))


@pytest.mark.rule("6.3.b")
def test_a_dossier_is_urged_from_the_day_on_which_it_is_due() -> None:
    story = build.in_process()
    for moment in (MONDAY, at("2026-10-07 16:59")):
        refused = story.refuses(build.reminder(), COUNTER, moment)
        assert (refused.code, refused.fields) == ("rule.6.3.b.early", ("/timer",))
    (fact,) = story.accepts(build.reminder(), COUNTER, DUE_DAY)
    assert isinstance(fact, ReminderIssued)
    assert (fact.by, fact.to, fact.limit, fact.overdue_s, fact.article) == (
        ONE_STOP, AGENCY_CODE, DUE, 0, "6.3.b",
    )  # fmt: skip
    assert story.now.reminders == {"due": 1}
    assert receivers(story.now, story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau")


@pytest.mark.rule("6.3.b")
def test_a_limit_that_was_missed_is_urged_again_and_again() -> None:
    story = build.in_process()
    story.accepts(build.firing(story.now, "due"), HUB, DUE)
    for times in (1, 2):
        (fact,) = story.accepts(build.reminder(), COUNTER, LATE)
        assert isinstance(fact, ReminderIssued)
        assert fact.overdue_s == 24 * 3600
        assert story.now.reminders == {"due": times}


@pytest.mark.rule("6.3.b")
def test_a_profile_may_let_a_one_stop_urge_some_working_days_earlier() -> None:
    story = build.in_process()
    story.law = replace(story.law, profile=replace(story.law.profile, urging=Urging(lead_working_days=1)))
    assert story.refuses(build.reminder(), COUNTER, at("2026-10-06 16:59")).code == "rule.6.3.b.early"
    assert story.accepts(build.reminder(), COUNTER, at("2026-10-07 07:00"))


@pytest.mark.rule("6.3.b")
def test_who_was_asked_for_an_opinion_is_urged_for_it_until_it_answers() -> None:
    story = build.in_process()
    story.accepts(build.question(), AGENCY)
    (fact,) = story.accepts(build.reminder("opinion:YK-01"), COUNTER, DUE_DAY)
    assert isinstance(fact, ReminderIssued)
    assert fact.to == "H07.21"
    assert receivers(story.now, story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau", "agency-khac")
    story.accepts(build.opinion(), OTHER_AGENCY)
    refused = story.refuses(build.reminder("opinion:YK-01"), COUNTER, DUE_DAY)
    assert (refused.code, refused.possible) == ("rule.6.3.b.unknown", ("due",))


@pytest.mark.rule("6.3.b")
def test_form_02_that_has_to_follow_an_appraisal_is_urged_and_nothing_while_the_applicant_is_awaited() -> (
    None
):
    story = build.in_process()
    story.accepts(build.appraisal("to_supplement"), AGENCY)
    (fact,) = story.accepts(build.reminder("supplement_notice"), COUNTER, DUE_DAY)
    assert isinstance(fact, ReminderIssued)
    assert (fact.to, fact.limit) == (AGENCY_CODE, DUE)
    story.accepts(build.supplement_request("appraisal"), AGENCY, DUE_DAY)
    for timer in ("supplement_notice", "due"):
        assert story.refuses(build.reminder(timer), COUNTER, LATE).code == "rule.6.3.b.unknown"
    assert "onestop.reminder.issue.v1" not in possible_now(story.now)


@pytest.mark.rule("6.3.b")
def test_a_reminder_is_in_words() -> None:
    refused = build.in_process().refuses(build.reminder(content=" "), COUNTER, DUE_DAY)
    assert (refused.code, refused.fields) == ("rule.6.3.b.blank", ("/content",))


@pytest.mark.rule("7.1")
def test_an_urging_letter_has_its_number_and_is_signed_by_order() -> None:
    story = build.in_process()
    for field in ("number", "by_order_of"):
        letter = build.letter(**{field: " "})
        refused = story.refuses(build.reminder(letter=letter), COUNTER, DUE_DAY)
        assert (refused.code, refused.fields) == ("rule.7.1", (f"/letter/{field}",))
    (fact,) = story.accepts(build.reminder(letter=build.letter()), COUNTER, DUE_DAY)
    assert isinstance(fact, ReminderIssued)
    assert (fact.article, fact.letter) == ("7.1", build.letter())


def test_only_the_one_stop_of_the_dossier_urges_and_only_an_agency_that_has_it() -> None:
    story = build.in_process()
    for sender in (AGENCY, OTHER_AGENCY, build.OTHER_COUNTER):
        assert story.refuses(build.reminder(), sender, DUE_DAY).code == "security.foreign_organisation"
    assert build.accepted().refuses(build.reminder(), COUNTER, DUE_DAY).code == "state.conflict"
