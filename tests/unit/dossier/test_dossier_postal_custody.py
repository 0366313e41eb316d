"""Papers on the post's way: QĐ 45/2016 Điều 7, Art. 12.2, 16.2."""

from __future__ import annotations

import pytest

from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.due import RuleViolated
from schemas.pickup import PaperMove, PickupOrdered, PickupProgressed
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, ONE_STOP, POSTAL, Story, at

PAPER, OTHER_PAPER = (item.code for item in build.papers())
BOTH = tuple(sorted((PAPER, OTHER_PAPER)))
COLLECT_1 = f"{build.DOSSIER_ID}__C1"
DELIVER_1 = f"{build.CODE}__D1"
BETWEEN_1 = f"{build.CODE}__B1"


def collecting() -> Story:
    story = build.seen(build.submitted(channel="post", applicant=build.ENTERPRISE))
    (fact,) = story.accepts(build.pickup(papers=(PAPER, OTHER_PAPER)), COUNTER)
    assert isinstance(fact, PickupOrdered)
    assert fact.papers == (PAPER, OTHER_PAPER)
    return story


def moves(story: Story, order: str, status: str, moment: str = "2026-10-05 10:00") -> tuple[PaperMove, ...]:
    fact, *_ = story.accepts(build.postal_report(order, status, at(moment)), POSTAL, at("2026-10-09 09:00"))
    assert isinstance(fact, PickupProgressed)
    return fact.moves


@pytest.mark.rule("qd45-2016.7")
def test_what_the_post_collects_it_holds_until_the_one_stop_says_that_it_has_it() -> None:
    story = collecting()
    (taken,) = moves(story, COLLECT_1, "collected")
    assert taken == PaperMove(giver="applicant", receiver="post", papers=BOTH, confirmed=True)
    assert set(story.now.custody.values()) == {"post"}
    (offered,) = moves(story, COLLECT_1, "handed_over", "2026-10-05 11:00")
    assert offered == PaperMove(giver="post", receiver=ONE_STOP, papers=BOTH, confirmed=False)
    assert set(story.now.custody.values()) == {"post"}  # still: nobody makes the one-stop answer for them
    story.accepts(build.paper_receipt("post", ONE_STOP, PAPER, OTHER_PAPER), COUNTER)
    assert set(story.now.custody.values()) == {ONE_STOP}
    assert story.now.hand_overs == ()


@pytest.mark.rule("qd45-2016.7")
def test_a_report_of_a_later_step_says_the_earlier_ones_too_and_an_old_one_takes_nothing_back() -> None:
    story = collecting()
    taken, offered = moves(story, COLLECT_1, "handed_over", "2026-10-05 11:00")
    assert (taken.receiver, offered.giver) == ("post", "post")
    story.accepts(build.paper_receipt("post", ONE_STOP, PAPER, OTHER_PAPER), COUNTER)
    assert moves(story, COLLECT_1, "collected", "2026-10-05 10:00") == ()
    assert set(story.now.custody.values()) == {ONE_STOP}


@pytest.mark.rule("qd45-2016.7")
def test_an_order_that_names_no_papers_moves_none() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(), COUNTER)
    assert moves(story, COLLECT_1, "collected") == ()
    assert set(story.now.custody.values()) == {"applicant"}


@pytest.mark.rule("qd45-2016.7")
def test_a_result_by_post_ends_with_the_applicant() -> None:
    story = build.issued(return_channel="post")
    result = next(iter(story.now.result_papers))
    story.accepts(build.pickup("deliver", papers=(result,)), COUNTER)
    moves(story, DELIVER_1, "collected")
    assert story.now.custody[result] == "post"
    (given,) = moves(story, DELIVER_1, "delivered", "2026-10-06 10:00")
    assert given == PaperMove(giver="post", receiver="applicant", papers=(result,), confirmed=True)
    assert story.now.custody[result] == "applicant"


@pytest.mark.rule("qd45-2016.7")
def test_a_result_that_nobody_took_goes_back_to_who_gave_it() -> None:
    story = build.issued(return_channel="post")
    result = next(iter(story.now.result_papers))
    story.accepts(build.pickup("deliver", papers=(result,)), COUNTER)
    moves(story, DELIVER_1, "collected")
    (back,) = moves(story, DELIVER_1, "returned", "2026-10-09 08:00")
    assert back == PaperMove(giver="post", receiver=AGENCY_CODE, papers=(result,), confirmed=False)
    story.accepts(build.paper_receipt("post", AGENCY_CODE, result), AGENCY)
    assert story.now.custody[result] == AGENCY_CODE


@pytest.mark.rule("qd45-2016.7")
def test_between_offices_a_hand_over_to_the_post_is_confirmed_by_its_report() -> None:
    story = build.accepted()
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.pickup("between", papers=(PAPER,)), COUNTER)
    story.accepts(build.hand_over(ONE_STOP, "post", PAPER), COUNTER)
    (taken,) = moves(story, BETWEEN_1, "collected")
    assert taken == PaperMove(giver=ONE_STOP, receiver="post", papers=(PAPER,), confirmed=True)
    assert story.now.hand_overs == ()
    (offered,) = moves(story, BETWEEN_1, "delivered", "2026-10-06 09:00")
    assert offered.receiver == AGENCY_CODE
    story.accepts(build.paper_receipt("post", AGENCY_CODE, PAPER), AGENCY)
    assert story.now.custody == {PAPER: AGENCY_CODE, OTHER_PAPER: ONE_STOP}


@pytest.mark.rule("16.2")
def test_the_post_that_takes_the_papers_ends_their_clock_and_late_ones_are_recorded() -> None:
    story = build.accepted()
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.pickup("between", papers=(PAPER, OTHER_PAPER)), COUNTER)
    assert story.now.paper_limit == at("2026-10-05 17:00")
    report = build.postal_report(BETWEEN_1, "collected", at("2026-10-05 17:00:30"))
    facts = story.accepts(report, POSTAL, at("2026-10-06 09:00"))
    assert facts[1:] == (RuleViolated(rule="16.2", late_s=30),)
    assert "forward" not in story.now.timers
    in_time = build.accepted()
    in_time.accepts(build.pickup("between", papers=(PAPER, OTHER_PAPER)), COUNTER)
    report = build.postal_report(BETWEEN_1, "collected", at("2026-10-05 17:00"))
    assert len(in_time.accepts(report, POSTAL, at("2026-10-06 09:00"))) == 1


@pytest.mark.rule("13.2")
@pytest.mark.parametrize("papers", [("KQ.NOBODY",), (PAPER, PAPER)], ids=["unknown", "twice"])
def test_an_order_names_papers_that_are_there_once(papers: tuple[str, ...]) -> None:
    refused = build.submitted(channel="post").refuses(build.pickup(papers=papers), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.2.papers", (f"/papers/{len(papers) - 1}",))


@pytest.mark.rule("13.2")
def test_an_order_names_no_paper_that_lies_elsewhere_or_goes_with_another() -> None:
    there = build.submitted()
    assert there.refuses(build.pickup(papers=(PAPER,)), COUNTER).code == "rule.13.2.papers"
    story = build.accepted()
    story.accepts(build.pickup("between", papers=(PAPER,)), COUNTER)
    refused = story.refuses(build.pickup("between", papers=(OTHER_PAPER, PAPER)), COUNTER)
    assert refused.fields == ("/papers/1",)


@pytest.mark.rule("qd45-2016.7")
def test_what_the_post_fetches_for_form_02_is_with_it_before_the_supplement_names_it() -> None:
    story = build.submitted(components=build.papers(count=1), channel="post")
    story.accepts(build.supplement_request(), COUNTER)
    story.accepts(build.pickup(papers=(OTHER_PAPER,)), COUNTER)
    moves(story, COLLECT_1, "collected")
    assert story.now.custody[OTHER_PAPER] == "post"


@pytest.mark.rule("12.2")
def test_a_result_that_is_being_handed_over_is_returned_when_the_receiver_has_it() -> None:
    story = build.issued()
    papers = story.now.result_papers
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, *papers), AGENCY)
    refused = story.refuses(build.result_return(codes=papers), COUNTER)
    assert (refused.code, refused.fields) == ("custody.under_way", ("/papers/0",))
    story.accepts(build.paper_receipt(AGENCY_CODE, ONE_STOP, *papers), COUNTER)
    story.accepts(build.result_return(codes=papers), COUNTER)
    assert {story.now.custody[paper] for paper in papers} == {"applicant"}


def test_the_agency_is_told_of_a_parcel_that_it_has_to_confirm() -> None:
    story = build.forwarded()
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, PAPER), AGENCY)
    story.accepts(build.paper_receipt(AGENCY_CODE, ONE_STOP, PAPER), COUNTER)
    story.accepts(build.pickup("between", papers=(PAPER,)), COUNTER)
    everybody = Directory((COUNTER, AGENCY, POSTAL))
    told = []
    for status, moment in (("collected", "2026-10-05 10:00"), ("delivered", "2026-10-05 12:00")):
        report = build.postal_report(BETWEEN_1, status, at(moment))
        (fact,) = story.accepts(report, POSTAL, at("2026-10-05 13:00"))
        told.append(receivers(story.now, story.now, fact, everybody))
    assert told == [(COUNTER.name,), (COUNTER.name, AGENCY.name)]
