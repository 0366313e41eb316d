"""Fees settled per quarter: Art. 9.10."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.dossier.decision import Sender
from hub.dossier.matters import possible_now, takes_part
from hub.engine.decide.routing import matter_receivers
from hub.inbound.directory import Directory
from hub.regulation.quarters import after, days_of, end_of, ended_before
from hub.regulation.sections import FeeSettlement
from schemas.due import DeadlineMissed, FireTimer, RuleViolated
from schemas.settlement import FeesSettled, FeesWatched, WatchFees
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, ONE_STOP, at, law_with
from tests.support.limits import limits
from tests.support.matters import OCTOBER, MatterStory, settled, settlement

LIMIT = at("2026-10-21 17:00")
NEXT = at("2027-01-22 17:00")
SETTLED = "settlement:2026-Q4"


@pytest.mark.rule("9.10")
@pytest.mark.parametrize(("sender", "by"), [(COUNTER, ONE_STOP), (AGENCY, AGENCY_CODE)])
def test_the_one_stop_or_the_agency_settles_a_quarter_that_is_over(sender: Sender, by: str) -> None:
    story = MatterStory()
    (fact,) = story.accepts(settlement(), sender)
    assert isinstance(fact, FeesSettled)
    assert (fact.collected, fact.handed_over, fact.by) == (360_000, 360_000, by)
    assert (fact.settle_by, fact.next_by) == (LIMIT, NEXT)
    assert (story.now.organisation, story.now.agency, story.now.kind) == (ONE_STOP, AGENCY_CODE, "fees")
    assert limits(story) == {SETTLED: NEXT}
    assert possible_now(story.now) == ("onestop.fees.settle.v1",)
    told = matter_receivers(story.now, fact, Directory((COUNTER, AGENCY, build.OTHER_AGENCY, build.PORTAL)))
    assert told == ("counter-mau", "agency-mau")


@pytest.mark.rule("9.10")
@pytest.mark.parametrize("sender", [build.OTHER_COUNTER, build.OTHER_AGENCY])
def test_nobody_else_settles_it(sender: Sender) -> None:
    assert MatterStory().refuses(settlement(), sender).code == "security.foreign_organisation"
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    assert not takes_part(story.now, sender)
    assert takes_part(story.now, COUNTER)


def test_sums_at_their_end_in_every_kind_are_added_up_and_park_nothing() -> None:
    story, most = MatterStory(), 10_000_000_000
    sums = tuple(settled(kind, most) for kind in ("fee", "service_fee", "price_level"))
    (fact,) = story.accepts(settlement(sums=sums), COUNTER)
    assert isinstance(fact, FeesSettled)
    assert (fact.collected, fact.handed_over) == (3 * most, 3 * most)


@pytest.mark.rule("9.10")
def test_both_sides_are_two() -> None:
    assert MatterStory().refuses(settlement(agency=ONE_STOP), COUNTER).code == "rule.9.10.same"


@pytest.mark.rule("9.10")
def test_a_quarter_is_settled_from_the_day_after_its_last_on() -> None:
    refused = MatterStory().refuses(settlement(), COUNTER, at("2026-09-30 23:59"))
    assert (refused.code, refused.fields) == ("rule.9.10.quarter", ("/quarter",))
    assert MatterStory().accepts(settlement(), COUNTER, at("2026-10-01 00:00"))


@pytest.mark.rule("9.10")
def test_a_quarter_is_settled_once_and_corrected_by_name() -> None:
    story = MatterStory()
    assert story.refuses(settlement(corrects=True), COUNTER).code == "rule.9.10.unsettled"
    story.accepts(settlement(), COUNTER)
    assert story.refuses(settlement(), AGENCY).code == "rule.9.10.settled"
    (fact,) = story.accepts(
        settlement(corrects=True, sums=(settled(collected=1),)), AGENCY, at("2026-12-01 09:00")
    )
    assert isinstance(fact, FeesSettled)
    assert (fact.corrects, story.now.quarters["2026-Q3"].collected, story.now.sequence) == (True, 1, 2)


@pytest.mark.rule("9.10")
def test_each_kind_of_charge_stands_once() -> None:
    refused = MatterStory().refuses(settlement(sums=(settled(), settled())), COUNTER)
    assert (refused.code, refused.fields) == ("rule.9.10.sums", ("/sums",))


@pytest.mark.rule("9.10")
def test_what_was_not_handed_over_has_its_reason() -> None:
    story = MatterStory()
    # Sums that are right together and wrong kind by kind differ too.
    sums = (settled("fee", 10, 0), settled("service_fee", 0, 10))
    for words in (None, "  "):
        assert story.refuses(settlement(sums=sums, difference=words), COUNTER).code == "rule.9.10.difference"
    assert story.accepts(settlement(sums=sums, difference="Ghi nhầm loại"), COUNTER)


@pytest.mark.rule("9.10")
def test_a_late_settlement_is_recorded_as_late_or_refused_as_the_profile_says() -> None:
    late = at("2026-10-21 17:01")
    assert len(MatterStory().accepts(settlement(), COUNTER, LIMIT)) == 1
    _, violated = MatterStory().accepts(settlement(), COUNTER, late)
    assert violated == RuleViolated(rule="9.10", late_s=60)
    strict = MatterStory(law=law_with(due={"late_acts": "refuse"}))
    assert strict.refuses(settlement(), COUNTER, late).code == "late.act"
    free = MatterStory(law=law_with())
    free.law = replace(free.law, profile=replace(free.law.profile, settlement=FeeSettlement()))
    (fact,) = free.accepts(settlement(), COUNTER, late)
    assert isinstance(fact, FeesSettled)
    assert (fact.settle_by, free.now.timers) == (None, {})


@pytest.mark.rule("9.10")
def test_the_next_quarter_is_watched_and_missed_once() -> None:
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    firing = FireTimer(timer=SETTLED, kind="settlement", due_at=NEXT)
    assert story.refuses(firing, HUB, OCTOBER).code == "timer.early"
    (missed,) = story.accepts(firing, HUB, NEXT)
    assert missed == DeadlineMissed(timer=SETTLED, kind="settlement", due_at=NEXT, holder=AGENCY_CODE)
    assert story.refuses(firing, HUB, NEXT).code == "timer.stale"
    story.accepts(settlement("2026-Q4"), COUNTER, at("2027-02-01 09:00"))
    assert list(story.now.timers) == ["settlement:2027-Q1"]


def test_an_earlier_quarter_that_is_settled_late_starts_no_watch_over_what_is_settled_or_past() -> None:
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    story.accepts(settlement("2026-Q2"), COUNTER)
    story.accepts(settlement("2025-Q1"), COUNTER)
    assert list(story.now.timers) == [SETTLED]


def test_where_no_days_off_are_known_yet_nothing_is_watched() -> None:
    story = MatterStory()
    (fact,) = story.accepts(settlement("2030-Q3"), COUNTER, at("2030-10-08 09:00"))
    assert isinstance(fact, FeesSettled)
    assert (fact.next_by, story.now.timers) == (None, {})


def test_requests_of_dossiers_are_no_requests_of_a_matter() -> None:
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    refused = story.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.state) == ("matter.not_possible", "fees")
    assert refused.possible == ("onestop.fees.settle.v1",)
    assert story.refuses(build.submission(), COUNTER).code == "reference.in_use"
    assert build.submitted().refuses(settlement(), COUNTER).code == "reference.in_use"


def test_quarters_follow_each_other() -> None:
    assert [after(name) for name in ("2026-Q1", "2026-Q4")] == ["2026-Q2", "2027-Q1"]
    assert [str(end_of(f"2028-Q{number}")) for number in (1, 2, 3, 4)] == [
        "2028-03-31", "2028-06-30", "2028-09-30", "2028-12-31",
    ]  # fmt: skip


def watch(quarter: str = "2026-Q3") -> WatchFees:
    return WatchFees(organisation=ONE_STOP, agency=AGENCY_CODE, quarter=quarter)


@pytest.mark.rule("9.10")
def test_the_first_quarter_of_the_two_is_watched_before_anything_was_settled() -> None:
    story = MatterStory()
    (fact,) = story.accepts(watch(), HUB, at("2026-10-01 00:00"))
    assert isinstance(fact, FeesWatched)
    assert fact.settle_by == LIMIT
    assert limits(story) == {"settlement:2026-Q3": LIMIT}
    told = matter_receivers(story.now, fact, Directory((COUNTER, AGENCY, build.OTHER_AGENCY)))
    assert told == ("counter-mau", "agency-mau")
    assert possible_now(story.now) == ("onestop.fees.settle.v1",)
    fired = FireTimer(timer="settlement:2026-Q3", kind="settlement", due_at=LIMIT)
    (missed,) = story.accepts(fired, HUB, LIMIT + timedelta(seconds=1))
    assert isinstance(missed, DeadlineMissed)
    facts = story.accepts(settlement(), COUNTER, at("2026-10-22 09:00"))
    assert isinstance(facts[1], RuleViolated)
    assert list(story.now.timers) == [SETTLED]


@pytest.mark.rule("9.10")
def test_who_settles_already_is_not_watched_anew_and_nobody_without_a_time() -> None:
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    assert story.refuses(watch("2026-Q4"), HUB, at("2027-01-02 09:00")).code == "rule.9.10.watched"
    free = replace(build.law(), profile=replace(build.law().profile, settlement=FeeSettlement()))
    assert MatterStory(law=free).refuses(watch(), HUB).code == "rule.9.10.watched"


@pytest.mark.parametrize(
    ("day", "quarter", "first", "following"),
    [
        ("2026-10-01", "2026-Q3", "2026-07-01", "2026-10-01"),
        ("2026-12-31", "2026-Q3", "2026-07-01", "2026-10-01"),
        ("2027-01-01", "2026-Q4", "2026-10-01", "2027-01-01"),
        ("2027-03-31", "2026-Q4", "2026-10-01", "2027-01-01"),
    ],
)
def test_the_last_quarter_that_is_over_has_its_days(
    day: str, quarter: str, first: str, following: str
) -> None:
    assert ended_before(date.fromisoformat(day)) == quarter
    assert days_of(quarter) == (date.fromisoformat(first), date.fromisoformat(following))
