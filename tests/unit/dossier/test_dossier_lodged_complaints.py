"""Complaints and reports that name no dossier: Art. 6.2.đ, 8.5.d, 27."""

from __future__ import annotations

import pytest

from hub.dossier.decision import Sender
from hub.dossier.matters import possible_now, takes_part
from hub.engine.decide.routing import matter_receivers
from hub.inbound.directory import Directory
from schemas.due import DeadlineMissed, FireTimer, RuleViolated
from schemas.feedback import ComplaintAnswered, ComplaintForwarded, ComplaintLodged
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, ONE_STOP, OTHER_AGENCY, PORTAL, at
from tests.support.limits import limits
from tests.support.matters import OCTOBER, MatterStory, answering, lodging, passing_on, settlement

PAGE = Sender("public-page", frozenset({"public"}), frozenset())
LIMIT = at("2026-11-11 17:00")
EVERYBODY = Directory((COUNTER, AGENCY, OTHER_AGENCY, PORTAL))


def lodged() -> MatterStory:
    story = MatterStory()
    story.accepts(lodging(), COUNTER)
    return story


@pytest.mark.rule("6.2.đ")
@pytest.mark.parametrize("sender", [COUNTER, PORTAL, PAGE])
def test_a_complaint_of_no_dossier_has_its_handler_and_its_time(sender: Sender) -> None:
    story = MatterStory()
    (fact,) = story.accepts(lodging(), sender)
    assert isinstance(fact, ComplaintLodged)
    assert (fact.handler, fact.answer_by, fact.complaint) == (ONE_STOP, LIMIT, "K1")
    assert limits(story) == {"complaint:K1": LIMIT}
    assert matter_receivers(story.now, fact, EVERYBODY) == ("counter-mau",)
    assert possible_now(story.now) == ("onestop.complaint.answer.v1", "onestop.complaint.forward.v1")


@pytest.mark.rule("6.2.đ")
def test_who_takes_it_in_is_that_one_stop_or_serves_it() -> None:
    bound = Sender("portal-khac", frozenset({"portal"}), frozenset({build.OTHER_ONE_STOP}))
    for sender in (build.OTHER_COUNTER, bound):
        assert MatterStory().refuses(lodging(), sender).code == "security.foreign_organisation"


@pytest.mark.rule("6.2.đ")
def test_it_says_something_and_names_the_official() -> None:
    assert MatterStory().refuses(lodging(text=" "), COUNTER).code == "rule.6.2.đ.blank"
    assert MatterStory().refuses(lodging(about="official"), COUNTER).code == "rule.6.2.đ.official"


@pytest.mark.rule("27")
def test_a_report_about_a_rule_names_the_provision() -> None:
    for words in (None, "  "):
        refused = MatterStory().refuses(lodging(about="rule", provision=words), COUNTER)
        assert (refused.code, refused.fields) == ("rule.27", ("/provision",))
    assert MatterStory().accepts(lodging(about="rule", provision="khoản 2 Điều 16"), COUNTER)


@pytest.mark.rule("6.2.đ")
def test_it_is_passed_on_to_who_is_competent_who_has_a_part_from_then_on_and_answers() -> None:
    story = lodged()
    assert not takes_part(story.now, AGENCY)
    assert story.refuses(passing_on(ONE_STOP), COUNTER).code == "rule.6.2.đ.receiver"
    (fact,) = story.accepts(passing_on(AGENCY_CODE), COUNTER)
    assert isinstance(fact, ComplaintForwarded)
    assert matter_receivers(story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau")
    assert takes_part(story.now, AGENCY)
    assert not takes_part(story.now, OTHER_AGENCY)
    assert story.refuses(answering(OCTOBER), OTHER_AGENCY).code == "security.foreign_organisation"
    (answered,) = story.accepts(answering(OCTOBER), AGENCY)
    assert isinstance(answered, ComplaintAnswered)
    assert (answered.handler, story.now.timers, possible_now(story.now)) == (AGENCY_CODE, {}, ())
    refused = story.refuses(answering(OCTOBER), COUNTER)
    assert (refused.code, refused.state) == ("complaint.answered", "complaint")
    assert story.refuses(answering(OCTOBER, complaint="K2"), COUNTER).code == "complaint.unknown"


@pytest.mark.rule("6.2.đ")
def test_what_is_not_answered_in_time_is_told_and_a_late_answer_is_on_record() -> None:
    story = lodged()
    story.accepts(passing_on(AGENCY_CODE), COUNTER)
    firing = FireTimer(timer="complaint:K1", kind="complaint", due_at=LIMIT)
    (missed,) = story.accepts(firing, HUB, LIMIT)
    assert isinstance(missed, DeadlineMissed)
    assert (missed.holder, story.now.timers) == (AGENCY_CODE, {})
    assert matter_receivers(story.now, missed, EVERYBODY) == ("counter-mau", "agency-mau")
    late = at("2026-11-12 17:00")
    _, violated = story.accepts(answering(late), AGENCY, late)
    assert violated == RuleViolated(rule="6.2.đ", late_s=24 * 3600)


def test_what_the_post_answers_for_comes_through_the_one_stop() -> None:
    story = lodged()
    story.accepts(passing_on("post"), COUNTER)
    assert story.now.agency is None
    assert story.accepts(answering(OCTOBER), COUNTER)


def test_a_reference_that_is_taken_takes_no_complaint() -> None:
    assert lodged().refuses(lodging(), COUNTER).code == "reference.in_use"
    assert build.submitted().refuses(lodging(), COUNTER).code == "reference.in_use"


def test_a_request_of_another_kind_of_matter_is_refused_by_name() -> None:
    refused = lodged().refuses(settlement(), COUNTER)
    assert (refused.code, refused.state) == ("matter.not_possible", "complaint")
