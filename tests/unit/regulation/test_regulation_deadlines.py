"""Legal limits, computed by hand from the profile and the calendar of 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from hub.regulation import deadlines
from hub.regulation.catalogue import HandlingTime, TimeUnit
from hub.regulation.clock import VIETNAM
from hub.regulation.errors import CalendarYearError
from hub.regulation.profile import Profile
from hub.regulation.sections import Relation
from tests.support.dossiers import law

PROFILE = law().profile
CALENDAR = law().calendar


def at(text: str) -> datetime:
    shape = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return datetime.strptime(text, shape).replace(tzinfo=VIETNAM)


def takes(amount: str, unit: TimeUnit) -> HandlingTime:
    return HandlingTime(Decimal(amount), unit)


def due(amount: str, unit: TimeUnit, accepted: str, profile: Profile = PROFILE) -> datetime:
    return deadlines.due_time(CALENDAR, profile, takes(amount, unit), at(accepted))


@pytest.mark.rule("15.1.a")
@pytest.mark.parametrize(
    ("amount", "unit", "accepted", "expected"),
    [
        ("3", TimeUnit.WORKING_DAY, "2026-04-24 16:59", "2026-05-04 17:00"),
        ("7.5", TimeUnit.WORKING_DAY, "2026-03-10 09:00", "2026-03-20 11:00"),
        ("20", TimeUnit.DAY, "2026-04-10 09:00", "2026-05-04 17:00"),
        ("1", TimeUnit.MONTH, "2026-03-31 09:00", "2026-05-04 17:00"),
        ("24", TimeUnit.HOUR, "2026-03-10 09:00", "2026-03-13 09:00"),
    ],
)
def test_the_due_time_follows_the_unit_of_the_handling_time(
    amount: str, unit: TimeUnit, accepted: str, expected: str
) -> None:
    assert due(amount, unit, accepted) == at(expected)


def test_hours_are_clock_hours_where_the_profile_says_so() -> None:
    profile = replace(PROFILE, due=replace(PROFILE.due, hour_unit="clock"))
    assert due("24", TimeUnit.HOUR, "2026-03-10 09:00", profile) == at("2026-03-11 09:00")
    assert due("24", TimeUnit.HOUR, "2026-03-13 09:00", profile) == at("2026-03-16 07:00")


def test_the_due_time_keeps_the_clock_where_the_profile_says_so() -> None:
    profile = replace(PROFILE, due=replace(PROFILE.due, mode="same_clock_time"))
    assert due("3", TimeUnit.WORKING_DAY, "2026-04-24 09:10", profile) == at("2026-05-04 09:10")
    assert due("20", TimeUnit.DAY, "2026-04-10 12:00", profile) == at("2026-05-04 13:00")


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("2026-03-10 06:00", "2026-03-10 17:00"),
        ("2026-03-10 15:00:00", "2026-03-10 17:00"),
        ("2026-03-10 15:00:01", "2026-03-11 17:00"),
        ("2026-03-13 15:30", "2026-03-16 17:00"),
        ("2026-03-14 09:00", "2026-03-16 17:00"),
    ],
)
def test_a_one_day_procedure_with_a_cutoff_is_due_the_same_day_until_then(
    accepted: str, expected: str
) -> None:
    one_day = takes("1", TimeUnit.WORKING_DAY)
    assert deadlines.due_time(CALENDAR, PROFILE, one_day, at(accepted), time(15)) == at(expected)


def test_a_cutoff_does_not_shorten_longer_times_or_profiles_that_ignore_it() -> None:
    five, one = takes("5", TimeUnit.WORKING_DAY), takes("1", TimeUnit.WORKING_DAY)
    accepted = at("2026-03-10 09:00")
    assert deadlines.due_time(CALENDAR, PROFILE, five, accepted, time(15)) == at("2026-03-17 17:00")
    profile = replace(PROFILE, due=replace(PROFILE.due, one_day_with_cutoff="next_day"))
    assert deadlines.due_time(CALENDAR, profile, one, accepted, time(15)) == at("2026-03-11 17:00")


def test_a_due_time_beyond_the_calendar_is_an_error() -> None:
    with pytest.raises(CalendarYearError):
        due("30", TimeUnit.WORKING_DAY, "2030-12-20 09:00")


@pytest.mark.rule("15.2")
def test_an_online_dossier_is_answered_within_eight_working_hours() -> None:
    assert deadlines.intake_limit(CALENDAR, PROFILE, at("2026-02-13 16:30")) == at("2026-02-23 16:30")


@pytest.mark.rule("16.2")
@pytest.mark.parametrize(
    ("accepted", "limit"),
    [
        ("2026-03-10 06:30", "2026-03-10 17:00"),
        ("2026-03-10 15:00:00", "2026-03-10 17:00"),
        ("2026-03-10 15:00:01", "2026-03-11 07:00"),
        ("2026-03-13 16:00", "2026-03-16 07:00"),
        ("2026-03-14 09:00", "2026-03-16 07:00"),
        ("2026-01-09 16:00", "2026-01-10 07:00"),
    ],
)
def test_paper_goes_on_the_same_day_or_after_three_at_the_next_opening(accepted: str, limit: str) -> None:
    no_grace = replace(PROFILE, forward=replace(PROFILE.forward, paper_grace_minutes=0))
    assert deadlines.forward_paper_limit(CALENDAR, no_grace, at(accepted)) == at(limit)


@pytest.mark.rule("16.2")
def test_the_grace_of_the_profile_is_added_to_the_next_opening_only() -> None:
    assert deadlines.forward_paper_limit(CALENDAR, PROFILE, at("2026-03-10 15:00:01")) == at(
        "2026-03-11 08:00"
    )
    assert deadlines.forward_paper_limit(CALENDAR, PROFILE, at("2026-03-10 15:00")) == at("2026-03-10 17:00")


@pytest.mark.rule("17.9")
@pytest.mark.parametrize(("due_on", "last"), [("2026-02-23", "2026-02-13"), ("2026-05-04", "2026-04-29")])
def test_the_apology_is_sent_on_the_last_working_day_before_due_at_the_latest(due_on: str, last: str) -> None:
    due_at = at(f"{due_on} 17:00")
    assert deadlines.latest_apology_day(CALENDAR, PROFILE, due_at) == date.fromisoformat(last)
    assert deadlines.apology_limit(CALENDAR, PROFILE, at("2026-02-02 09:00"), due_at) == at(f"{last} 17:00")


@pytest.mark.rule("17.9")
def test_a_procedure_too_short_for_an_apology_a_day_before_has_until_due() -> None:
    due_at = at("2026-03-11 17:00")
    assert deadlines.apology_limit(CALENDAR, PROFILE, at("2026-03-10 17:30"), due_at) == due_at
    assert deadlines.apology_limit(CALENDAR, PROFILE, at("2026-03-10 09:00"), due_at) == at(
        "2026-03-10 17:00"
    )


@pytest.mark.rule("17.4")
def test_supplements_are_asked_for_within_three_working_days_and_not_after_due() -> None:
    appraised = date(2026, 4, 24)
    assert deadlines.supplement_notice_limit(CALENDAR, PROFILE, appraised) == at("2026-05-04 17:00")
    early = at("2026-04-28 17:00")
    assert deadlines.supplement_notice_limit(CALENDAR, PROFILE, appraised, early) == early
    late = at("2026-05-20 17:00")
    assert deadlines.supplement_notice_limit(CALENDAR, PROFILE, appraised, late) == at("2026-05-04 17:00")


@pytest.mark.rule("17.4")
def test_after_a_supplement_the_full_time_is_counted_again_or_the_wait_is_added() -> None:
    def due_again(profile: Profile) -> datetime:
        return deadlines.due_after_supplement(
            CALENDAR,
            profile,
            takes("5", TimeUnit.WORKING_DAY),
            due=at("2026-03-17 17:00"),
            requested_at=at("2026-03-12 09:00"),
            completed_at=at("2026-03-16 10:00"),
        )

    assert due_again(PROFILE) == at("2026-03-23 17:00")
    # 17 hours waited: two days of eight and one hour more.
    assert due_again(replace(PROFILE, supplement=replace(PROFILE.supplement, after="extend"))) == at(
        "2026-03-20 08:00"
    )


@pytest.mark.parametrize(
    ("relation", "end"),
    [
        ("within_district", "2026-03-14 00:00"),
        ("within_province", "2026-03-17 00:00"),
        ("between_major_cities", "2026-03-18 00:00"),
        ("inter_province", "2026-03-19 00:00"),
    ],
)
def test_postal_transit_is_counted_in_working_days_after_the_hand_over(relation: Relation, end: str) -> None:
    taken = date(2026, 3, 12)
    assert deadlines.postal_transit_limit(CALENDAR, PROFILE, taken, relation) == at(end)


def test_the_second_invitation_comes_two_working_days_after_the_first() -> None:
    assert deadlines.next_invitation_day(CALENDAR, PROFILE, date(2026, 3, 12)) == date(2026, 3, 16)
