"""The post: Art. 13.2, 20; QĐ 45/2016/QĐ-TTg; Thông tư 17/2017/TT-BTTTT."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hub.dossier.decide import decide
from hub.dossier.decision import Accepted, Refused, Sender
from hub.dossier.rules.post import order_number
from schemas.due import DeadlineMissed, RuleViolated
from schemas.party import PostalParty
from schemas.pickup import CancelPickup, PickupCancelled, PickupOrdered, PickupProgressed
from schemas.sync import ReportSync, SyncRecorded
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY_CODE,
    COUNTER,
    HUB,
    MONDAY,
    OTHER_COUNTER,
    PORTAL,
    POSTAL,
    Story,
    at,
    postal_party,
)

COLLECT_1 = f"{build.DOSSIER_ID}__C1"
DELIVER_1 = f"{build.CODE}__D1"


def collecting() -> Story:
    story = build.seen(build.submitted(channel="post", applicant=build.ENTERPRISE))
    story.accepts(build.pickup(), COUNTER)
    return story


def delivering() -> Story:
    story = build.issued(return_channel="post")
    story.accepts(build.pickup("deliver"), COUNTER)
    return story


@pytest.mark.rule("13.2")
def test_a_pickup_at_the_applicants_place_is_ordered_under_the_dossiers_number() -> None:
    story = build.submitted(channel="post")
    (fact,) = story.accepts(build.pickup(cash_on_delivery=16000), PORTAL)
    assert isinstance(fact, PickupOrdered)
    assert fact.order == COLLECT_1
    assert re.fullmatch(r"[\x21-\x7e]{1,64}", fact.order)
    assert fact.cash_on_delivery == 16000
    assert story.now.pickups[COLLECT_1].status == "ordered"


@pytest.mark.rule("13.2")
def test_the_number_carries_the_official_code_the_direction_and_a_count() -> None:
    story = delivering()
    assert list(story.now.pickups) == [DELIVER_1]
    story.accepts(CancelPickup(order=DELIVER_1), COUNTER)
    story.accepts(build.pickup("deliver"), COUNTER)
    story.accepts(build.pickup("between", organisation=AGENCY_CODE), COUNTER)
    assert list(story.now.pickups) == [DELIVER_1, f"{build.CODE}__D2", f"{build.CODE}__B1"]


@pytest.mark.rule("13.2")
def test_a_code_too_long_for_the_operator_gives_way_to_the_dossiers_id() -> None:
    code = f"H07{'.1' * 22}.1-261005-0001"
    nine = {f"{code}__D{number}": delivering().now.pickups[DELIVER_1] for number in range(1, 10)}
    dossier = replace(build.issued().now, code=code, pickups={})
    assert len(code) == 61
    assert order_number(dossier, build.DOSSIER_ID, "deliver") == f"{build.DOSSIER_ID}__D1"
    fits = replace(dossier, code=code[:-1], pickups={})
    assert order_number(fits, build.DOSSIER_ID, "deliver") == f"{code[:-1]}__D1"
    tenth = replace(fits, pickups=nine)
    assert order_number(tenth, build.DOSSIER_ID, "deliver") == f"{build.DOSSIER_ID}__D10"


@pytest.mark.rule("13.2")
def test_a_procedure_without_post_is_not_collected_by_post() -> None:
    story = build.submitted(procedure=build.PROCEDURE_WITHOUT_POST)
    refused = story.refuses(build.pickup(), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.2", ("/direction",))


@pytest.mark.rule("13.2")
def test_a_result_goes_by_post_only_if_so_registered() -> None:
    assert build.issued().refuses(build.pickup("deliver"), COUNTER).code == "rule.13.2"
    declined = build.submitted()
    declined.accepts(build.refusal(reason="not_entitled"), COUNTER)
    declined.accepts(build.pickup("deliver"), COUNTER)  # the papers go back


@pytest.mark.rule("13.2")
def test_the_customer_code_belongs_to_the_dossier() -> None:
    story = build.submitted()
    refused = story.refuses(build.pickup(organisation="H07.21"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.2.customer", ("/organisation",))
    assert story.refuses(build.pickup(), OTHER_COUNTER).code.startswith("security.")


@pytest.mark.rule("13.2")
def test_one_order_at_a_time_in_each_direction_of_the_applicant() -> None:
    story = collecting()
    assert story.refuses(build.pickup(), COUNTER).code == "pickup.already_open"
    story.accepts(build.postal_report(COLLECT_1, "handed_over", MONDAY), POSTAL)
    story.accepts(build.pickup(), COUNTER)


def test_a_result_that_is_not_there_cannot_be_delivered() -> None:
    refused = build.in_process().refuses(build.pickup("deliver"), COUNTER)
    assert (refused.code, refused.state) == ("state.conflict", "in_process")


@pytest.mark.rule("qd45-2016.6")
def test_an_order_can_be_cancelled_until_it_is_collected() -> None:
    story = collecting()
    assert story.refuses(CancelPickup(order="X__C9"), COUNTER).code == "pickup.unknown_order"
    story.accepts(build.postal_report(COLLECT_1, "registered", MONDAY), POSTAL)
    (fact,) = story.accepts(CancelPickup(order=COLLECT_1, reason="Nhầm địa chỉ"), COUNTER)
    assert fact == PickupCancelled(order=COLLECT_1, organisation=build.ONE_STOP, reason="Nhầm địa chỉ")
    assert story.refuses(CancelPickup(order=COLLECT_1), COUNTER).code == "pickup.already_collected"
    taken = collecting()
    taken.accepts(build.postal_report(COLLECT_1, "collected", MONDAY), POSTAL)
    assert taken.refuses(CancelPickup(order=COLLECT_1), COUNTER).code == "pickup.already_collected"


@pytest.mark.rule("qd45-2016.7")
def test_the_minutes_of_hand_over_are_the_legal_time_of_submission() -> None:
    story = collecting()
    minutes = at("2026-10-06 10:30")
    report = build.postal_report(COLLECT_1, "handed_over", minutes, minutes="BB-17")
    (fact,) = story.accepts(report, POSTAL, at("2026-10-07 08:00"))
    assert isinstance(fact, PickupProgressed)
    assert fact.minutes == "BB-17"
    assert story.now.submitted_at == minutes


@pytest.mark.rule("qd45-2016.7")
def test_a_hand_over_after_acceptance_leaves_the_time_of_submission_alone() -> None:
    story = collecting()
    story.accepts(build.acceptance(), COUNTER)
    story.accepts(
        build.postal_report(COLLECT_1, "handed_over", at("2026-10-06 10:30")), POSTAL, at("2026-10-07 08:00")
    )
    assert story.now.submitted_at == MONDAY


@pytest.mark.rule("qd45-2016.7")
@pytest.mark.parametrize("off_by", [timedelta(minutes=6), timedelta(days=-367), timedelta(days=-8000)])
def test_a_time_in_the_future_or_absurd_is_refused(off_by: timedelta) -> None:
    refused = collecting().refuses(build.postal_report(COLLECT_1, "handed_over", MONDAY + off_by), POSTAL)
    assert (refused.code, refused.fields) == ("pickup.implausible_time", ("/at",))


def test_an_order_of_another_dossier_is_refused() -> None:
    assert collecting().refuses(build.postal_report("X__C1", "collected", MONDAY), POSTAL).code == (
        "pickup.unknown_order"
    )


def test_an_order_of_a_customer_whom_the_post_does_not_serve_is_unknown_to_it() -> None:
    story, report = delivering(), build.postal_report(DELIVER_1, "collected", MONDAY)
    agencys, one_stops = [
        Sender("bound", POSTAL.roles, frozenset({served})) for served in (AGENCY_CODE, build.ONE_STOP)
    ]
    assert story.refuses(report, agencys).code == "pickup.unknown_order"
    story.accepts(report, one_stops)


def test_reports_out_of_order_are_recorded_and_the_latest_time_wins() -> None:
    story = delivering()
    story.accepts(
        build.postal_report(DELIVER_1, "delivered", at("2026-10-06 15:00")), POSTAL, at("2026-10-07 08:00")
    )
    late = build.postal_report(DELIVER_1, "in_transit", at("2026-10-06 09:00"))
    story.accepts(late, POSTAL, at("2026-10-07 09:00"))
    assert story.now.pickups[DELIVER_1].status == "delivered"


def test_an_unknown_status_is_kept_raw_and_changes_nothing() -> None:
    story = delivering()
    (fact,) = story.accepts(build.postal_report(DELIVER_1, "unknown", MONDAY, raw_code="77"), POSTAL)
    assert isinstance(fact, PickupProgressed)
    assert (fact.status, fact.raw_code) == ("unknown", "77")
    assert story.now.pickups[DELIVER_1].status == "ordered"


def test_cash_is_summed_and_does_not_move_the_parcel() -> None:
    story = delivering()
    story.accepts(build.postal_report(DELIVER_1, "delivered", MONDAY), POSTAL)
    story.accepts(build.postal_report(DELIVER_1, "cod_collected", MONDAY, amount=8000), POSTAL)
    story.accepts(build.postal_report(DELIVER_1, "cod_remitted", MONDAY, amount=8000), POSTAL)
    order = story.now.pickups[DELIVER_1]
    assert (order.status, order.cash_collected, order.cash_remitted) == ("delivered", 8000, 8000)


@pytest.mark.rule("tt17-2017.5")
def test_a_return_before_two_failures_two_working_days_apart_is_a_violation() -> None:
    story = delivering()
    failed = build.postal_report(DELIVER_1, "delivery_failed", at("2026-10-06 10:00"))
    (fact,) = story.accepts(failed, POSTAL, at("2026-10-06 10:01"))
    assert isinstance(fact, PickupProgressed)
    assert fact.failures == 1
    again = build.postal_report(DELIVER_1, "delivery_failed", at("2026-10-07 10:00"))
    story.accepts(again, POSTAL, at("2026-10-07 10:01"))
    facts = story.accepts(
        build.postal_report(DELIVER_1, "returned", at("2026-10-07 16:00")), POSTAL, at("2026-10-07 16:01")
    )
    assert facts[1] == RuleViolated(rule="tt17-2017.5", late_s=0)


@pytest.mark.rule("tt17-2017.5")
def test_a_return_after_two_failures_two_working_days_apart_is_legal() -> None:
    story = delivering()
    for day, failures in (("2026-10-09 10:00", 1), ("2026-10-13 09:00", 2)):  # Friday and Tuesday
        report = build.postal_report(DELIVER_1, "delivery_failed", at(day))
        (fact,) = story.accepts(report, POSTAL, at("2026-10-13 10:00"))
        assert isinstance(fact, PickupProgressed)
        assert fact.failures == failures
    back = build.postal_report(DELIVER_1, "returned", at("2026-10-13 11:00"))
    assert len(story.accepts(back, POSTAL, at("2026-10-13 12:00"))) == 1


@pytest.mark.rule("tt17-2017.5")
def test_the_same_failure_reported_twice_counts_once() -> None:
    story = delivering()
    report = build.postal_report(DELIVER_1, "delivery_failed", MONDAY)
    story.accepts(report, POSTAL)
    (fact,) = story.accepts(report, POSTAL)
    assert isinstance(fact, PickupProgressed)
    assert fact.failures == 1


@pytest.mark.rule("tt17-2017.5")
def test_the_next_invitation_is_watched_until_it_happens() -> None:
    story = delivering()
    name = f"redelivery:{DELIVER_1}"
    story.accepts(build.postal_report(DELIVER_1, "delivery_failed", MONDAY), POSTAL)
    assert story.now.timers[name].due_at == at("2026-10-07 17:00")
    missed = delivering()
    missed.accepts(build.postal_report(DELIVER_1, "delivery_failed", MONDAY), POSTAL)
    (fact,) = missed.accepts(build.firing(missed.now, name), HUB, at("2026-10-07 17:00"))
    due_at = at("2026-10-07 17:00")
    assert fact == DeadlineMissed(timer=name, kind="redelivery", due_at=due_at, holder=None)
    story.accepts(
        build.postal_report(DELIVER_1, "delivery_failed", at("2026-10-07 09:00")),
        POSTAL,
        at("2026-10-07 09:01"),
    )
    assert story.now.timers == {}


@pytest.mark.rule("tt17-2017.7")
@pytest.mark.parametrize(
    ("receiver", "limit"),
    [
        (postal_party(93, 9301), "2026-10-07 00:00"),
        (postal_party(93, 9302), "2026-10-08 00:00"),
        (postal_party(93, 0), "2026-10-08 00:00"),
        (postal_party(10, 9301), "2026-10-10 00:00"),
    ],
    ids=["one district", "one province", "district unknown", "two provinces"],
)
def test_transit_is_watched_from_the_day_of_collection(receiver: PostalParty, limit: str) -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(receiver=receiver), COUNTER)
    story.accepts(build.postal_report(COLLECT_1, "collected", MONDAY), POSTAL)
    timer = story.now.timers[f"transit:{COLLECT_1}"]
    assert (timer.kind, timer.due_at) == ("transit", at(limit))
    story.accepts(build.postal_report(COLLECT_1, "handed_over", MONDAY), POSTAL)
    assert story.now.timers == {}


@pytest.mark.rule("tt17-2017.7")
def test_two_ends_without_a_district_are_not_taken_for_one_district() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(sender=postal_party(93, 0), receiver=postal_party(93, 0)), COUNTER)
    assert story.now.pickups[COLLECT_1].relation == "within_province"


@pytest.mark.rule("6.3.b")
def test_two_orders_with_the_same_limit_fire_once_each() -> None:
    story = build.in_process()
    for order in ("B1", "B2"):
        story.accepts(build.pickup("between"), COUNTER)
        story.accepts(build.postal_report(f"{build.CODE}__{order}", "collected", MONDAY), POSTAL)
    requests = [build.firing(story.now, f"transit:{build.CODE}__{order}") for order in ("B2", "B1")]
    limit = at("2026-10-08 00:00")
    fired = sum(isinstance(story.send(request, HUB, limit), Accepted) for request in requests * 2)
    assert fired == 2
    assert not any(name.startswith("transit:") for name in story.now.timers)


def test_a_delivery_report_of_an_adapter_is_kept_as_evidence() -> None:
    report = ReportSync(message="m-1", outcome="rejected", at=MONDAY, code="E01")
    (fact,) = build.submitted().accepts(report, POSTAL)
    assert fact == SyncRecorded(
        counterpart="postal", message="m-1", outcome="rejected", at=MONDAY, code="E01"
    )


def test_nothing_happens_to_a_dossier_that_nobody_knows() -> None:
    for request in (build.acceptance(), build.postal_report("X__C1", "collected", MONDAY), build.receipt()):
        assert decide(None, request, Story().context(COUNTER, MONDAY)) == Refused("unknown_dossier")


@pytest.mark.rule("13.2")
def test_an_order_behind_the_last_number_of_its_direction_is_refused_by_name() -> None:
    story = delivering()
    story.accepts(CancelPickup(order=DELIVER_1), COUNTER)
    many = {f"{build.CODE}__D{number}": story.now.pickups[DELIVER_1] for number in range(1, 10_000)}
    story.dossier = replace(story.now, pickups=many)
    assert story.refuses(build.pickup("deliver"), COUNTER) == Refused(
        "pickup.used_up", "13.2", ("/direction",)
    )
    story.accepts(build.pickup("between", organisation=AGENCY_CODE), COUNTER)
