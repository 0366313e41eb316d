"""Cash on delivery (QĐ 45/2016 Điều 15): ordered, collected and paid over must be one sum."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.dossier.rules.post import cash_differences
from schemas.due import RuleViolated
from schemas.pickup import CashSums, PickupProgressed
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, POSTAL, Story

ORDER = f"{build.CODE}__D1"
VIOLATED = RuleViolated(rule="qd45-2016.15", late_s=0)


def with_cash(amount: int = 150_000) -> Story:
    """A result under way by post, with cash to collect."""
    story = build.issued(return_channel="post")
    story.accepts(build.pickup("deliver", cash_on_delivery=amount), COUNTER)
    return story


def told(story: Story, status: str, amount: int, minutes: int = 0) -> tuple[CashSums | None, bool]:
    """Report cash; the sums, and whether a violation was recorded."""
    moment = MONDAY + timedelta(minutes=minutes)
    facts = story.accepts(build.postal_report(ORDER, status, moment, amount=amount), POSTAL, moment)
    progressed = facts[0]
    assert isinstance(progressed, PickupProgressed)
    assert set(facts[1:]) <= {VIOLATED}
    return progressed.cash, VIOLATED in facts


@pytest.mark.rule("qd45-2016.15")
def test_what_was_ordered_collected_and_paid_over_leaves_no_difference() -> None:
    story = with_cash()
    collected = CashSums(ordered=150_000, collected=150_000, remitted=0, difference=150_000)
    assert told(story, "cod_collected", 150_000) == (collected, False)
    assert cash_differences(story.now) == {ORDER: 150_000}
    settled = CashSums(ordered=150_000, collected=150_000, remitted=150_000, difference=0)
    assert told(story, "cod_remitted", 150_000, 1) == (settled, False)
    assert cash_differences(story.now) == {}


@pytest.mark.rule("qd45-2016.15")
@pytest.mark.parametrize("amount", [149_999, 150_001, 0])
def test_another_sum_than_the_ordered_one_is_recorded_as_a_violation(amount: int) -> None:
    assert told(with_cash(), "cod_collected", amount)[1]


@pytest.mark.rule("qd45-2016.15")
def test_cash_that_is_paid_over_in_part_stays_on_the_work_list_until_the_rest_comes() -> None:
    story = with_cash()
    told(story, "cod_collected", 150_000)
    sums, is_violated = told(story, "cod_remitted", 100_000, 1)
    assert sums is not None
    assert (sums.difference, is_violated) == (50_000, True)
    assert cash_differences(story.now) == {ORDER: 50_000}
    assert told(story, "cod_remitted", 50_000, 2) == (
        CashSums(ordered=150_000, collected=150_000, remitted=150_000, difference=0),
        False,
    )


@pytest.mark.rule("qd45-2016.15")
def test_a_payment_that_is_reported_before_its_collection_is_measured_by_the_order() -> None:
    story = with_cash()
    assert told(story, "cod_remitted", 150_000, 1)[1] is False
    assert cash_differences(story.now) == {ORDER: -150_000}
    assert told(story, "cod_collected", 150_000)[1] is False
    assert cash_differences(story.now) == {}


@pytest.mark.rule("qd45-2016.15")
def test_more_paid_over_than_collected_is_a_violation() -> None:
    story = with_cash()
    told(story, "cod_collected", 150_000)
    assert told(story, "cod_remitted", 160_000, 1)[1]
    assert cash_differences(story.now) == {ORDER: -10_000}


def test_a_report_without_cash_carries_no_sums_and_a_price_is_not_cash() -> None:
    assert told(with_cash(), "registered", 32_000) == (None, False)


def test_an_order_says_what_the_operator_needs_to_announce_the_dossier() -> None:
    story = build.submitted(channel="post", return_channel="post")
    fact = story.accepts(build.pickup("collect"), COUNTER)[0]
    data = fact.model_dump()
    assert (data["procedure"], data["returns_by_post"]) == (build.PROCEDURE, True)
    assert data["procedure_title"] == build.law().catalogue.procedures[build.PROCEDURE].name[:250]


def test_an_order_that_the_operator_cancelled_is_closed_and_can_be_placed_again() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup("collect"), COUNTER)
    order = next(iter(story.now.pickups))
    story.accepts(build.postal_report(order, "cancelled", MONDAY), POSTAL)
    assert story.now.pickups[order].status == "cancelled"
    assert not story.now.pickups[order].is_open
    story.accepts(build.pickup("collect"), COUNTER)


@pytest.mark.rule("qd45-2016.15")
def test_sums_that_no_parcel_can_bring_are_told_as_they_are() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(), COUNTER)
    (order,) = story.now.pickups
    for minute in range(3):
        moment = MONDAY + timedelta(minutes=minute)
        report = build.postal_report(order, "cod_collected", moment, amount=10_000_000_000)
        story.accepts(report, POSTAL, MONDAY + timedelta(hours=1))
    assert story.now.pickups[order].cash_collected == 30_000_000_000
