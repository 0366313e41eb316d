"""Ratings, complaints, questions, notices: Art. 3.1, 6.2.đ, 6.3, 7.5, 15.2.a, 17.9, 18.4."""

from __future__ import annotations

from typing import Any

import pytest

from hub.dossier.decision import Sender
from hub.dossier.standing import has_part
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.due import DeadlineMissed, RuleViolated
from schemas.feedback import ComplaintAnswered, ComplaintForwarded, ComplaintRecorded, RatingRecorded
from schemas.information import InfoAnswered, InfoRequested
from schemas.notice import NoticeFailed, NoticeSent
from tests.support import dossiers as build
from tests.support import words
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    HUB,
    MONDAY,
    ONE_STOP,
    OTHER_AGENCY,
    PORTAL,
    POSTAL,
    Story,
    at,
)

OFFICE = Sender("office", frozenset({"agency"}), frozenset({"000.00.01.H07"}))
"""Another organisation, which had no part in the dossier."""
IN_TIME = at("2026-11-03 09:00")
LIMIT = at("2026-11-04 17:00")
COLLECT_1 = f"{build.DOSSIER_ID}__C1"


def complained(**changes: Any) -> Story:
    story = build.in_process()
    story.accepts(words.complaint(**changes), COUNTER)
    return story


@pytest.mark.rule("3.1")
def test_an_applicant_rates_each_side_once_on_the_scale_of_the_profile() -> None:
    story = build.issued()
    (fact,) = story.accepts(words.rating("agency", score=2), COUNTER)
    assert isinstance(fact, RatingRecorded)
    assert (fact.organisation, fact.scale) == (AGENCY_CODE, 5)
    assert story.refuses(words.rating("agency", score=5), PORTAL).code == "rule.3.1"
    assert story.refuses(words.rating("one_stop", score=6), PORTAL).code == "rule.3.1.scale"
    story.accepts(words.rating("one_stop"), PORTAL)
    assert story.now.ratings == {"agency": 2, "one_stop": 5}


@pytest.mark.rule("6.2.đ")
def test_a_complaint_has_its_time_and_is_answered_within_it() -> None:
    story = build.in_process()
    (fact,) = story.accepts(words.complaint(), COUNTER)
    assert isinstance(fact, ComplaintRecorded)
    assert (fact.complaint, fact.handler, fact.answer_by) == ("K1", ONE_STOP, LIMIT)
    assert story.now.timers["complaint:K1"].due_at == LIMIT
    (fact,) = story.accepts(words.answer(), COUNTER, IN_TIME)
    assert isinstance(fact, ComplaintAnswered)
    assert "complaint:K1" not in story.now.timers
    assert story.refuses(words.answer(), COUNTER, IN_TIME).code == "complaint.answered"
    assert story.refuses(words.answer("K2"), COUNTER, IN_TIME).code == "complaint.unknown"


@pytest.mark.rule("6.2.đ")
def test_a_complaint_that_nobody_answers_is_told_with_who_has_it_and_a_late_answer_is_late() -> None:
    story = complained()
    story.accepts(words.forwarding("K1", AGENCY_CODE), COUNTER)
    (fact,) = story.accepts(build.firing(story.now, "complaint:K1"), HUB, LIMIT)
    assert fact == DeadlineMissed(timer="complaint:K1", kind="complaint", due_at=LIMIT, holder=AGENCY_CODE)
    facts = story.accepts(words.answer(), AGENCY, at("2026-11-04 17:00:30"))
    assert facts[1:] == (RuleViolated(rule="6.2.đ", late_s=30),)


@pytest.mark.rule("6.2.đ")
@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        (words.complaint(text=" "), "rule.6.2.đ.blank", "/text"),
        (words.complaint(about="official"), "rule.6.2.đ.official", "/official"),
        (words.complaint(about="official", official=" "), "rule.6.2.đ.official", "/official"),
    ],
    ids=["blank", "nobody named", "blank name"],
)
def test_a_complaint_says_something_and_names_the_official(request_: Any, code: str, field: str) -> None:
    refused = build.in_process().refuses(request_, COUNTER)
    assert (refused.code, refused.fields) == (code, (field,))


@pytest.mark.rule("6.2.đ")
def test_a_complaint_is_reported_to_who_is_competent_who_may_then_answer_it() -> None:
    story = complained()
    assert not has_part(story.now, OFFICE)
    assert story.refuses(words.answer(), OFFICE).code.startswith("security.")
    for to in (ONE_STOP, "applicant"):
        assert story.refuses(words.forwarding("K1", to), COUNTER).code == "rule.6.2.đ.receiver"
    refused = story.refuses(words.forwarding("K1", "000.00.01.H07", summary=" "), COUNTER)
    assert (refused.code, refused.fields) == ("rule.6.2.đ.blank", ("/summary",))
    (fact,) = story.accepts(words.forwarding("K1", "000.00.01.H07"), COUNTER)
    assert isinstance(fact, ComplaintForwarded)
    told = receivers(story.now, story.now, fact, Directory((COUNTER, AGENCY, OFFICE, POSTAL)))
    assert told == (COUNTER.name, OFFICE.name)
    assert has_part(story.now, OFFICE)
    assert story.refuses(words.answer(answer=" "), OFFICE).fields == ("/answer",)
    ahead = words.answer(told_at=at("2026-10-06 09:00"))
    assert story.refuses(ahead, OFFICE).code == "rule.6.2.đ.told"
    story.accepts(words.answer(), OFFICE)


@pytest.mark.rule("6.2.đ")
def test_the_one_stop_passes_an_explanation_on_and_others_do_not_answer() -> None:
    story = complained()
    assert story.refuses(words.answer(), OTHER_AGENCY).code.startswith("security.")
    story.accepts(words.forwarding("K1", "post"), COUNTER)
    (fact,) = story.accepts(words.answer(), COUNTER)
    assert isinstance(fact, ComplaintAnswered)
    assert fact.handler == "post"


@pytest.mark.rule("7.5")
def test_what_was_done_about_an_official_is_told_to_who_complained() -> None:
    story = complained(about="official", official="Trần Văn Thử")
    assert story.refuses(words.answer(), COUNTER).code == "rule.7.5"
    assert story.refuses(words.answer(official_outcome="  "), COUNTER).fields == ("/official_outcome",)
    other = complained(about="official", official="Trần Văn Thử")
    other.accepts(words.answer(outcome="not_upheld"), COUNTER)
    story.accepts(words.answer(official_outcome="Đã nhắc nhở, phê bình"), COUNTER)


@pytest.mark.rule("tt17-2017.8")
def test_a_complaint_about_the_post_names_its_order_and_has_the_times_of_the_post() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(), COUNTER)
    about = {"about": "post", "order": COLLECT_1}
    assert story.refuses(words.complaint(about="post"), COUNTER).code == "pickup.unknown_order"
    assert story.refuses(words.complaint(**about), COUNTER, at("2027-04-07 09:00")).code == "rule.tt17-2017.8"
    (fact,) = story.accepts(words.complaint(**about), COUNTER)
    assert isinstance(fact, ComplaintRecorded)
    assert fact.answer_by == at("2026-10-12 17:00")
    facts = story.accepts(words.answer(), COUNTER, at("2026-10-12 17:01"))
    assert facts[1:] == (RuleViolated(rule="tt17-2017.8", late_s=60),)
    far = build.submitted(channel="post")
    far.accepts(build.pickup(receiver=build.postal_party(10, 9301)), COUNTER)
    (fact,) = far.accepts(words.complaint(**about), COUNTER)
    assert isinstance(fact, ComplaintRecorded)
    assert fact.answer_by == at("2026-10-14 17:00")


@pytest.mark.rule("6.3.a")
def test_a_question_goes_to_who_is_asked_and_its_answer_comes_back() -> None:
    story = build.in_process()
    (asked,) = story.accepts(words.question("000.00.01.H07"), AGENCY)
    assert isinstance(asked, InfoRequested)
    assert (asked.info, asked.by) == ("Q1", AGENCY_CODE)
    everybody = Directory((COUNTER, AGENCY, OFFICE))
    assert receivers(story.now, story.now, asked, everybody) == (COUNTER.name, OFFICE.name)
    assert story.refuses(words.reply(), COUNTER).code.startswith("security.")
    assert story.refuses(words.reply("Q2"), OFFICE).code == "info.unknown"
    assert story.refuses(words.reply(answer=" "), OFFICE).code == "rule.6.3.a.blank"
    (answered,) = story.accepts(words.reply(), OFFICE)
    assert isinstance(answered, InfoAnswered)
    assert receivers(story.now, story.now, answered, everybody) == (COUNTER.name, AGENCY.name)
    assert story.refuses(words.reply(), OFFICE).code == "info.answered"


@pytest.mark.rule("6.3.b")
def test_the_one_stop_asks_the_agency_how_far_it_is_and_not_itself() -> None:
    story = build.in_process()
    assert story.refuses(words.question(ONE_STOP), COUNTER).code == "rule.6.3.b"
    assert story.refuses(words.question(AGENCY_CODE, question=" "), COUNTER).code == "rule.6.3.a.blank"
    (asked,) = story.accepts(words.question(AGENCY_CODE), COUNTER)
    assert isinstance(asked, InfoRequested)
    assert asked.by == ONE_STOP
    story.accepts(words.reply(), AGENCY)


@pytest.mark.rule("15.2.a")
def test_the_answer_to_an_online_dossier_is_told_by_no_social_network() -> None:
    story = build.submitted(channel="online")
    refused = story.refuses(words.notice("intake", "social"), COUNTER)
    assert (refused.code, refused.rule, refused.possible) == (
        "notice.channel",
        "15.2.a",
        ("call", "email", "sms"),
    )
    (fact,) = story.accepts(words.notice("intake", "call"), COUNTER)
    assert isinstance(fact, NoticeSent)
    assert fact.rule == "15.2.a"


@pytest.mark.rule("17.9")
def test_a_new_time_is_told_once_there_is_one() -> None:
    story = build.in_process()
    assert story.refuses(words.notice("reschedule"), COUNTER).code == "notice.nothing"
    story.accepts(build.apology(at("2026-11-10 09:00")), AGENCY)
    (fact,) = story.accepts(words.notice("reschedule", "social", failure="Bận"), COUNTER)
    assert isinstance(fact, NoticeFailed)
    assert (fact.rule, fact.failure) == ("17.9", "Bận")


@pytest.mark.rule("18.4")
@pytest.mark.parametrize("policy", ["accept", "record", "refuse"])
def test_an_early_result_is_announced_before_it_is_returned(policy: str) -> None:
    law = build.law_with(returning={"unannounced_early": policy})
    story = build.issued()
    story.law = law
    assert build.in_process().refuses(words.notice(), COUNTER).code == "notice.nothing"
    if policy == "refuse":
        assert story.refuses(build.result_return(), COUNTER).code == "rule.18.4"
        story.accepts(words.notice(failure="Sai số"), COUNTER)
        assert story.refuses(build.result_return(), COUNTER).code == "rule.18.4"
    else:
        unannounced = build.issued()
        unannounced.law = law
        facts = unannounced.accepts(build.result_return(), COUNTER)
        assert facts[1:] == ((RuleViolated(rule="18.4", late_s=0),) if policy == "record" else ())
    story.accepts(words.notice("early_return", "social"), COUNTER)
    assert len(story.accepts(build.result_return(), COUNTER)) == 1


@pytest.mark.rule("18.4")
def test_in_its_time_nothing_has_to_be_announced_and_online_the_delivery_may_be_the_notice() -> None:
    story = build.issued()
    story.law = build.law_with(returning={"unannounced_early": "refuse"})
    due = story.now.measure
    assert due is not None
    assert len(story.accepts(build.result_return(), COUNTER, due)) == 1
    online = build.issued(channel="online", return_channel="online")
    policy = {"unannounced_early": "refuse", "early_notice": "delivery_counts"}
    online.law = build.law_with(returning=policy)
    online.accepts(build.result_return("online"), PORTAL, MONDAY)


@pytest.mark.rule("6.2.đ")
def test_who_deals_with_no_complaint_is_not_told_whether_there_is_one() -> None:
    story = build.in_process()
    story.accepts(words.question("H07.21"), COUNTER)
    before = story.refuses(words.answer(), OTHER_AGENCY)
    story.accepts(words.complaint(), COUNTER)
    assert before == story.refuses(words.answer(), OTHER_AGENCY)
    story.accepts(words.answer(), COUNTER)
    assert before == story.refuses(words.answer(), OTHER_AGENCY)
    assert before.code == "security.foreign_organisation"
