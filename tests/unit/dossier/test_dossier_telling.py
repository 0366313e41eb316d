"""Applicants who agreed to a way are told: once for each cause, on the next way, then by a call."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from hub.dossier import parties
from hub.dossier.decision import CAN_TELL, Sender
from hub.dossier.state import codec
from hub.dossier.turn import open_requests
from hub.engine.decide.routing import receivers
from hub.engine.decide.rules import Rules
from hub.inbound.directory import Directory
from hub.regulation.lawbook import load_book
from schemas.base import Fact
from schemas.dossier import DossierSubmitted
from schemas.notice import NoticeFailed, NoticeRequested, NoticeSent, NoticeWish, ReportNotice
from schemas.registry import REQUESTS
from schemas.replanning import LimitMoved, ReplanLimits
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, HUB, MONDAY, PORTAL, POSTAL, Story
from tests.support.lawbooks import with_calendar
from tools.consequences import consequences

NOTIFIER = Sender("notices", frozenset({"notifier"}), frozenset())
BOTH = NoticeWish(email="mau@example.vn", phone="0900000001", language="en")


def lodged(wish: NoticeWish | None = BOTH, **changes: Any) -> Story:
    online: dict[str, Any] = {"channel": "online", "return_channel": "online"}
    return build.submitted(sender=PORTAL, notices=wish, **online, **changes)


def notices(facts: tuple[Fact, ...]) -> list[NoticeRequested]:
    return [fact for fact in facts if isinstance(fact, NoticeRequested)]


def report(asked: NoticeRequested, **changes: Any) -> ReportNotice:
    values = {"purpose": asked.purpose, "notice": asked.notice, "channel": asked.channel, "at": MONDAY}
    return ReportNotice(**{**values, **changes})


def test_who_agreed_to_nothing_is_told_nothing() -> None:
    assert notices(lodged(None).accepts(build.supplement_request(), COUNTER)) == []


def test_an_email_about_a_supplement_says_each_gap_and_the_guidance() -> None:
    (asked,) = notices(lodged().accepts(build.supplement_request(guidance="Ký rồi nộp lại"), COUNTER))
    assert (asked.purpose, asked.rule, asked.channel, asked.language) == (
        "supplement",
        "15.2.a",
        "email",
        "en",
    )
    assert (asked.email, asked.phone) == ("mau@example.vn", None)
    assert [point.text for point in asked.points] == ["Tờ khai chưa có chữ ký"]
    assert asked.guidance == "Ký rồi nộp lại"


def test_after_the_email_comes_the_message_without_the_words_and_then_a_call() -> None:
    story = lodged()
    (first,) = notices(story.accepts(build.supplement_request(), COUNTER))
    failed, second = story.accepts(report(first, failure="550"), NOTIFIER)
    assert isinstance(failed, NoticeFailed)
    assert (failed.then, failed.rule) == ("sms", "15.2.a")
    assert isinstance(second, NoticeRequested)
    assert (second.notice, second.channel, second.phone) == (first.notice, "sms", "0900000001")
    assert (second.email, second.points) == (None, ())
    (last,) = story.accepts(report(second, failure="không liên lạc được"), NOTIFIER)
    assert isinstance(last, NoticeFailed)
    assert last.then == "call"
    assert [one.what for one in open_requests(story.now)][1:] == ["a call about notice TB1 (supplement)"]
    (sent,) = story.accepts(report(second, channel="call"), COUNTER)
    assert isinstance(sent, NoticeSent)
    assert len(open_requests(story.now)) == 1
    assert codec.from_json(codec.to_json(story.now)) == story.now


def test_a_notice_is_answered_once_on_the_way_that_it_goes_and_for_what_it_says() -> None:
    story = lodged()
    (asked,) = notices(story.accepts(build.supplement_request(), COUNTER))
    for wrong in ({"channel": "sms"}, {"notice": "TB9"}, {"purpose": "decline"}):
        assert story.refuses(report(asked, **wrong), NOTIFIER).code == "notice.nothing"
    story.accepts(report(asked, proof="250.OK"), NOTIFIER)
    assert story.refuses(report(asked), NOTIFIER).fields == ("/notice",)


def test_an_email_that_comes_back_takes_the_next_way_once() -> None:
    story = lodged()
    (asked,) = notices(story.accepts(build.supplement_request(), COUNTER))
    story.accepts(report(asked, proof="250.OK"), NOTIFIER)
    assert story.refuses(report(asked, channel="call", failure="x"), NOTIFIER).code == "notice.nothing"
    failed, second = story.accepts(report(asked, failure="5.1.1"), NOTIFIER)
    assert isinstance(failed, NoticeFailed)
    assert failed.then == "sms"
    assert isinstance(second, NoticeRequested)
    assert story.refuses(report(asked, failure="5.1.1"), NOTIFIER).code == "notice.nothing"
    story.accepts(report(second, proof="SMS-1"), NOTIFIER)
    (last,) = story.accepts(report(second, failure="số không tồn tại"), COUNTER)
    assert isinstance(last, NoticeFailed)
    assert last.then == "call"


def test_a_receipt_names_code_and_time_and_a_refusal_its_reason() -> None:
    story = build.identified(notices=BOTH)
    (asked,) = notices(story.accepts(build.acceptance(), COUNTER))
    assert (asked.purpose, asked.rule, asked.code) == ("receipt", "15.1.a", build.CODE)
    assert asked.due_at == story.now.due_at
    (asked,) = notices(lodged().accepts(build.refusal(reason="not_entitled"), COUNTER))
    assert (asked.purpose, asked.rule, len(asked.points)) == ("decline", "15.2.a", 1)


def test_a_result_before_its_time_asks_for_the_notice_of_18_4_which_counts_when_it_was_sent() -> None:
    story = build.in_process(notices=BOTH)
    (asked,) = notices(story.accepts(build.issue(build.RESULT_CODE), AGENCY))
    assert (asked.purpose, asked.rule) == ("early_return", "18.4")
    assert not story.now.is_early_told
    story.accepts(report(asked), NOTIFIER)
    assert story.now.is_early_told


def test_the_new_time_of_form_04_is_told_with_its_reason() -> None:
    story = build.in_process(notices=NoticeWish(phone="0900000001"))
    assert story.now.due_at is not None
    new = story.now.due_at.replace(day=story.now.due_at.day + 1)
    (asked,) = notices(story.accepts(build.apology(new), AGENCY))
    assert (asked.purpose, asked.rule, asked.channel, asked.due_at) == ("reschedule", "17.9", "sms", new)


def test_only_the_notifier_of_the_one_stop_is_told_the_address() -> None:
    story = lodged()
    (asked,) = notices(story.accepts(build.supplement_request(), COUNTER))
    everybody = Directory((COUNTER, AGENCY, PORTAL, NOTIFIER))
    assert receivers(story.now, story.now, asked, everybody) == ("notices",)


@pytest.mark.parametrize("proxy", [None, build.PROXY])
def test_the_ways_are_sealed_with_the_parties_and_opened_where_somebody_can_have_to_be_told(
    proxy: Any,
) -> None:
    story = lodged(proxy=proxy)
    fact = story.facts[0][0]
    assert isinstance(fact, DossierSubmitted)
    kept = parties.opened(parties.kept(fact))
    assert (kept.applicant, kept.proxy, kept.notices) == (fact.applicant, proxy, BOTH)
    rules = Rules(load_book())
    assert rules.needs_private(story.now, build.supplement_request())
    assert not rules.needs_private(lodged(None).now, build.supplement_request())


def test_where_an_applicant_is_told_is_opened_for_the_requests_that_can_have_to_tell_and_no_others() -> None:
    telling = {one for one in REQUESTS.values() if NoticeRequested.type in consequences(one).facts}
    assert telling == CAN_TELL


@pytest.mark.rule("13.2")
def test_a_post_that_repeats_itself_neither_floods_the_applicant_nor_takes_the_room_of_other_notices() -> (
    None
):
    story = build.submitted(channel="post", notices=BOTH)
    story.accepts(build.pickup(), COUNTER)
    (order,) = story.now.pickups
    for minute in range(150):
        moment, status = MONDAY + timedelta(minutes=minute), ("collected", "delivery_failed")[minute % 2]
        for _ in range(2):
            story.accepts(build.postal_report(order, status, moment), POSTAL, MONDAY + timedelta(hours=3))
    assert len(story.now.notices) == 50


@pytest.mark.rule("17.3.b")
def test_who_has_to_be_there_at_a_verification_is_told_when_where_and_about_what() -> None:
    story = build.in_process(notices=BOTH)
    time = MONDAY + timedelta(days=1)
    (asked,) = notices(story.accepts(build.appointment(time), AGENCY))
    assert (asked.purpose, asked.rule, asked.due_at) == ("appointment", "17.3.b", time)
    assert [point.text for point in asked.points] == ["Số 1 đường Giả Lập, Bến Tre", "Xác minh nơi cư trú"]
    _, again = story.accepts(report(asked, failure="550"), NOTIFIER)
    assert isinstance(again, NoticeRequested)
    assert (again.channel, again.due_at, again.points) == ("sms", time, ())
    (moved,) = notices(story.accepts(build.appointment(time + timedelta(hours=2)), AGENCY))
    assert moved.due_at == time + timedelta(hours=2)


@pytest.mark.rule("blld45-2019.112")
def test_a_due_time_that_a_later_calendar_moved_is_told_and_limits_of_offices_are_not() -> None:
    story = build.in_process(notices=BOTH)
    story.accepts(build.question(), AGENCY)
    story.later = with_calendar(story.law, "vn-2026.2", {date(2026, 10, 7): "Nghỉ"})
    facts = story.accepts(
        ReplanLimits(calendar="vn-2026.2", officer=build.OFFICER, reason="Quyết định mẫu"), HUB
    )
    moved = {fact.timer for fact in facts if isinstance(fact, LimitMoved)}
    assert {"due", "apology", "opinion:YK-01"} <= moved
    (asked,) = notices(facts)
    assert (asked.purpose, asked.rule, asked.due_at) == ("moved", "blld45-2019.112", story.now.due_at)


def test_a_profile_may_want_two_ways_at_once_and_then_none_is_taken_twice() -> None:
    story = lodged()
    story.law = build.law_with(notices={"min_channels": 2})
    first, second = notices(story.accepts(build.supplement_request(), COUNTER))
    assert [(one.notice, one.channel) for one in (first, second)] == [("TB1", "email"), ("TB2", "sms")]
    (failed,) = story.accepts(report(first, failure="550"), NOTIFIER)
    assert isinstance(failed, NoticeFailed)
    assert failed.then == "call"
    story.accepts(report(second), NOTIFIER)


@pytest.mark.parametrize(("choice", "told"), [("pass", ["17.4", "17.8"]), ("confirm", [])])
def test_what_the_agency_decided_is_told_in_the_one_stops_name_or_by_itself(
    choice: str, told: list[str]
) -> None:
    asked, refused = build.in_process(notices=BOTH), build.in_process(notices=BOTH)
    asked.law = refused.law = build.law_with(returning={"via_one_stop": choice})
    asked.accepts(build.appraisal("to_supplement"), AGENCY)
    refused.accepts(build.appraisal("not_eligible"), AGENCY)
    found = notices(asked.accepts(build.supplement_request("appraisal"), AGENCY))
    found += notices(refused.accepts(build.refusal(), AGENCY))
    assert [one.rule for one in found] == told
    sent = ReportNotice(purpose="supplement", channel="call", at=MONDAY)
    asked.accepts(sent, COUNTER)


def test_what_the_one_stop_decides_itself_is_told_whatever_the_choice() -> None:
    story = lodged()
    story.law = build.law_with(returning={"via_one_stop": "confirm"})
    assert len(notices(story.accepts(build.supplement_request(), COUNTER))) == 1
