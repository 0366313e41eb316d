"""Loss and damage of papers: Art. 21.2, 21.3."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.due import RuleViolated
from schemas.loss import Compensation, CostItem, LossApology, LossRecorded, LossSettled
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    MONDAY,
    OFFICER,
    ONE_STOP,
    OTHER_COUNTER,
    POSTAL,
    Story,
    at,
)
from tests.support.loss import loss, outcome, settlement

PAPER, OTHER_PAPER = (item.code for item in build.papers())
COLLECT_1 = f"{build.DOSSIER_ID}__C1"
PAID = Compensation(charge=30_000, amount=120_000, agreed_on=date(2026, 10, 6), paid_on=date(2026, 10, 30))


def lost(*papers: str, **changes: Any) -> Story:
    """The one-stop does not find papers of an accepted dossier."""
    story = build.accepted()
    story.accepts(loss(*(papers or (PAPER,)), **changes), COUNTER)
    return story


def lost_by_the_post(status: str = "lost") -> Story:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(papers=(PAPER, OTHER_PAPER)), COUNTER)
    story.accepts(build.postal_report(COLLECT_1, "collected", MONDAY), POSTAL)
    story.accepts(
        build.postal_report(COLLECT_1, status, at("2026-10-05 15:00")), POSTAL, at("2026-10-06 08:00")
    )
    return story


@pytest.mark.rule("21.2")
def test_who_had_the_paper_last_answers_for_it() -> None:
    story = build.accepted()
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, PAPER), COUNTER)
    (fact,) = story.accepts(loss(PAPER), AGENCY)
    assert isinstance(fact, LossRecorded)
    assert (fact.loss, fact.holder, fact.basis) == ("L1", ONE_STOP, "21.2")  # until the agency has confirmed
    handed_on = build.forwarded()
    (fact,) = handed_on.accepts(loss(PAPER, kind="damaged"), COUNTER)
    assert isinstance(fact, LossRecorded)
    assert (fact.holder, fact.kind) == (AGENCY_CODE, "damaged")
    assert handed_on.now.custody[PAPER] == AGENCY_CODE


@pytest.mark.rule("21.2")
@pytest.mark.parametrize(
    ("request_", "code", "fields"),
    [
        (loss(PAPER, "KQ.NOBODY"), "rule.21.2.papers", ("/papers/1",)),
        (loss(PAPER, PAPER), "rule.21.2.papers", ("/papers/1",)),
        (loss(PAPER, circumstances=" "), "rule.21.2.circumstances", ("/circumstances",)),
    ],
    ids=["unknown", "twice", "blank"],
)
def test_what_is_no_loss_of_the_dossier_is_refused(request_: Any, code: str, fields: tuple[str, ...]) -> None:
    refused = build.accepted().refuses(request_, COUNTER)
    assert (refused.code, refused.fields) == (code, fields)


@pytest.mark.rule("21.2")
def test_what_the_applicant_has_nobody_else_has_lost() -> None:
    story = build.submitted(channel="post")
    assert story.refuses(loss(PAPER), COUNTER).code == "rule.21.2.papers"
    assert build.accepted().refuses(loss(PAPER), OTHER_COUNTER).code.startswith("security.")


@pytest.mark.rule("21.2")
def test_papers_of_two_holders_are_two_losses_and_one_is_lost_once() -> None:
    story = build.accepted()
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, OTHER_PAPER), COUNTER)
    story.accepts(build.paper_receipt(ONE_STOP, AGENCY_CODE, OTHER_PAPER), AGENCY)
    refused = story.refuses(loss(PAPER, OTHER_PAPER), COUNTER)
    assert (refused.code, refused.fields) == ("rule.21.2.holders", ("/papers/1",))
    story.accepts(loss(PAPER), COUNTER)
    story.accepts(loss(OTHER_PAPER), COUNTER)
    assert list(story.now.losses) == ["L1", "L2"]
    assert story.refuses(loss(PAPER, kind="damaged"), COUNTER).code == "loss.already_open"


@pytest.mark.rule("21.2")
def test_a_lost_paper_goes_nowhere_until_it_is_found_or_issued_again() -> None:
    story = lost()
    refused = story.refuses(build.hand_over(ONE_STOP, AGENCY_CODE, OTHER_PAPER, PAPER), COUNTER)
    assert (refused.code, refused.fields) == ("custody.lost", ("/papers/1",))
    assert story.refuses(build.pickup("between", papers=(PAPER,)), COUNTER).code == "rule.13.2.papers"
    (fact,) = story.accepts(settlement(outcome(PAPER)), COUNTER)
    assert isinstance(fact, LossSettled)
    assert (fact.holder, fact.costs_total) == (ONE_STOP, 8000)
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, OTHER_PAPER, PAPER), COUNTER)
    damaged = lost(kind="damaged")
    damaged.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, PAPER), COUNTER)


@pytest.mark.rule("21.2")
def test_a_lost_result_is_issued_again_before_it_is_returned() -> None:
    story = build.issued()
    results = story.now.result_papers
    story.accepts(loss(*results), COUNTER)
    refused = story.refuses(build.result_return(codes=results), COUNTER)
    assert (refused.code, refused.rule) == ("custody.lost", "21.2")
    gone = settlement(*(outcome(code, "not_restored", None) for code in results), responsible=AGENCY_CODE)
    assert story.refuses(gone, AGENCY).fields[0] == "/papers/0"
    story.accepts(settlement(*(outcome(code) for code in results), responsible=AGENCY_CODE), AGENCY)
    assert {story.now.custody[code] for code in results} == {ONE_STOP}
    story.accepts(build.result_return(codes=results), COUNTER)


@pytest.mark.rule("21.2")
def test_a_loss_is_settled_once_and_under_its_name() -> None:
    story = lost()
    assert story.refuses(settlement(outcome(PAPER), loss="L2"), COUNTER).code == "loss.unknown"
    story.accepts(settlement(outcome(PAPER)), COUNTER)
    assert story.refuses(settlement(outcome(PAPER)), COUNTER).code == "loss.settled"


@pytest.mark.rule("21.2")
def test_a_settlement_says_of_each_paper_what_became_of_it() -> None:
    story = lost(PAPER, OTHER_PAPER)
    refused = story.refuses(settlement(outcome(PAPER)), COUNTER)
    assert (refused.code, refused.possible) == ("rule.21.2.outcomes", (OTHER_PAPER,))
    both = (outcome(PAPER, "not_restored", None), outcome(OTHER_PAPER, holder=None))
    assert story.refuses(settlement(*both), COUNTER).fields == ("/papers/1",)
    story.accepts(settlement(both[0], outcome(OTHER_PAPER, holder="applicant")), COUNTER)
    assert story.now.custody == {PAPER: ONE_STOP, OTHER_PAPER: "applicant"}
    assert story.now.missing_papers == {PAPER}


@pytest.mark.rule("21.2")
def test_somebody_else_than_the_last_holder_is_responsible_only_with_a_reason() -> None:
    story = lost()
    for reason in (None, "  "):
        refused = story.refuses(settlement(outcome(PAPER), responsible=AGENCY_CODE, reason=reason), COUNTER)
        assert (refused.code, refused.fields) == ("rule.21.2.responsible", ("/reason",))
    applicant = settlement(outcome(PAPER), responsible="applicant", reason="Làm rơi")
    assert story.refuses(applicant, COUNTER).fields == ("/responsible",)
    story.accepts(settlement(outcome(PAPER), responsible=AGENCY_CODE, reason="Mượn mà không trả"), COUNTER)


@pytest.mark.rule("21.2")
def test_the_applicant_bears_none_of_the_costs() -> None:
    story = lost()
    assert story.refuses(settlement(outcome(PAPER), costs=()), COUNTER).fields == ("/costs",)
    paid = CostItem(what="Lệ phí cấp lại", amount=8000, paid_by="applicant")
    refused = story.refuses(settlement(outcome(PAPER), costs=(paid,)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.21.2.costs", ("/costs/0/refunded",))
    refunded = paid.model_copy(update={"refunded": True})
    story.accepts(settlement(outcome(PAPER), costs=(refunded,)), COUNTER)


@pytest.mark.rule("21.2")
def test_nothing_is_settled_without_an_apology() -> None:
    story = lost()
    found = outcome(PAPER, "found")
    ahead = LossApology(officer=OFFICER, at=at("2026-10-06 09:00"))
    for apology in (None, ahead):
        assert (
            story.refuses(settlement(found, costs=(), apology=apology), COUNTER).code == "rule.21.2.apology"
        )
    story.accepts(settlement(found, costs=()), COUNTER)
    assert story.now.missing_papers == set()


@pytest.mark.rule("21.3")
@pytest.mark.parametrize("status", ["lost", "damaged"])
def test_what_the_post_reports_as_lost_or_damaged_is_its_loss(status: str) -> None:
    story = lost_by_the_post(status)
    fact = story.facts[-1][0]
    assert isinstance(fact, LossRecorded)
    assert (fact.kind, fact.holder, fact.basis, fact.order) == (status, "post", "21.3", COLLECT_1)
    assert set(fact.papers) == {PAPER, OTHER_PAPER}
    again = build.postal_report(COLLECT_1, status, at("2026-10-05 15:00"))
    assert len(story.accepts(again, POSTAL, at("2026-10-06 08:00"))) == 1


@pytest.mark.rule("21.3")
def test_the_post_compensates_beside_the_costs_of_reissue() -> None:
    story = lost_by_the_post()
    both = tuple(outcome(paper, holder="applicant") for paper in (PAPER, OTHER_PAPER))
    now = at("2026-11-02 09:00")
    refused = story.refuses(settlement(*both, responsible="post"), COUNTER, now)
    assert (refused.code, refused.fields) == ("rule.21.3.compensation", ("/compensation",))
    little = PAID.model_copy(update={"amount": 119_999})
    refused = story.refuses(settlement(*both, responsible="post", compensation=little), COUNTER, now)
    assert refused.fields == ("/compensation/amount",)
    (fact,) = story.accepts(settlement(*both, responsible="post", compensation=PAID), COUNTER, now)
    assert isinstance(fact, LossSettled)
    assert (fact.basis, fact.costs_total) == ("21.3", 8000)
    story.accepts(build.pickup(papers=(PAPER, OTHER_PAPER)), COUNTER, now)  # and the post comes again


@pytest.mark.rule("21.3")
def test_a_compensation_that_is_paid_late_is_recorded_as_late() -> None:
    story = lost_by_the_post()
    both = tuple(outcome(paper, "found", None) for paper in (PAPER, OTHER_PAPER))
    late = PAID.model_copy(update={"paid_on": date(2026, 11, 7)})
    paid = settlement(*both, responsible="post", compensation=late)
    facts = story.accepts(paid, COUNTER, at("2026-11-09 09:00"))
    assert facts[1:] == (RuleViolated(rule="21.3", late_s=2 * 86400),)


@pytest.mark.rule("21.3")
@pytest.mark.parametrize("day", [date(2026, 10, 6), date(9999, 12, 31)])
def test_a_day_that_lies_ahead_settles_nothing_however_far(day: date) -> None:
    ahead = PAID.model_copy(update={"agreed_on": day, "paid_on": day})
    refused = lost().refuses(settlement(outcome(PAPER), compensation=ahead), COUNTER)
    assert refused.fields == ("/compensation/agreed_on", "/compensation/paid_on")


@pytest.mark.rule("12.2")
@pytest.mark.parametrize("holder", ["H07.21", "post"])
def test_a_settlement_puts_no_paper_into_a_hand_that_has_not_taken_it(holder: str) -> None:
    refused = lost().refuses(settlement(outcome(PAPER, "found", holder)), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == (
        "rule.21.2.outcomes", "12.2", ("/papers/0/holder",),
    )  # fmt: skip
    carried = lost_by_the_post()
    found = tuple(outcome(paper, "found", "post") for paper in (PAPER, OTHER_PAPER))
    carried.accepts(settlement(*found, responsible="post"), COUNTER, at("2026-10-07 09:00"))


@pytest.mark.rule("21.3")
def test_what_is_gone_for_good_is_no_new_loss_when_the_post_reports_it_again() -> None:
    story = lost_by_the_post()
    gone = tuple(outcome(paper, "not_restored", None) for paper in (PAPER, OTHER_PAPER))
    now = at("2026-11-02 09:00")
    story.accepts(settlement(*gone, responsible="post", compensation=PAID), COUNTER, now)
    again = build.postal_report(COLLECT_1, "lost", at("2026-10-05 16:00"))
    assert len(story.accepts(again, POSTAL, now)) == 1
