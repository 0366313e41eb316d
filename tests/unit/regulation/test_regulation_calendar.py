"""The working calendar against vectors computed by hand from Điều 10 and the days off of 2025-2027."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

import pytest

from hub.regulation.calendar import OpeningHours, WorkingCalendar, YearTable
from hub.regulation.calendar_data import read_days_off
from hub.regulation.clock import VIETNAM, Number, in_utc
from hub.regulation.errors import CalendarYearError, ProfileError
from tests.support.dossiers import law

CALENDAR = law().calendar


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.rule("15.2")
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-10 07:00", "2026-03-10 17:00"),
        ("2026-03-10 11:30", "2026-03-11 11:00"),
        ("2026-03-07 10:00", "2026-03-09 17:00"),
        ("2026-02-13 16:30", "2026-02-23 16:30"),
        ("2025-12-31 15:00", "2026-01-05 15:00"),
        ("2026-01-09 16:00", "2026-01-10 16:00"),
    ],
    ids=["one day", "lunch", "weekend", "Tết", "New Year and swap", "onto a swap Saturday"],
)
def test_eight_working_hours_end_where_the_hours_of_the_one_stop_say(start: str, end: str) -> None:
    assert CALENDAR.add_working_hours(at(start), 8) == at(end)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-10 07:00", 4, "2026-03-10 11:00"),
        ("2026-03-10 11:00", 1, "2026-03-10 14:00"),
        ("2026-03-10 10:30", 1, "2026-03-10 13:30"),
        ("2026-03-10 17:00", Decimal("0.5"), "2026-03-11 07:30"),
        ("2026-03-10 06:00", Fraction(1, 3), "2026-03-10 07:20"),
        ("2026-03-13 16:00", 25, "2026-03-18 17:00"),
    ],
)
def test_parts_of_a_day_are_counted_in_opening_hours_only(start: str, hours: Number, end: str) -> None:
    assert CALENDAR.add_working_hours(at(start), hours) == at(end)


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [
        ("2026-04-24 09:00", 3, "2026-05-04"),
        ("2026-02-13 09:00", 5, "2026-02-27"),
        ("2026-01-09 09:00", 2, "2026-01-12"),
        ("2026-03-07 10:00", 1, "2026-03-09"),
        ("2025-04-25 09:00", 1, "2025-04-26"),
        ("2026-08-21 09:00", 1, "2026-08-22"),
        ("2026-08-28 09:00", 1, "2026-09-03"),
    ],
    ids=["Giỗ Tổ and 1/5", "Tết", "swap Saturday", "event on Saturday", "swap 2025", "swap 8/2026", "2/9"],
)
def test_working_days_do_not_count_the_day_of_the_event_and_end_at_closing(
    event: str, days: int, last: str
) -> None:
    assert CALENDAR.add_working_days(at(event), days) == at(f"{last} 17:00")


@pytest.mark.parametrize(
    ("event", "days", "end"),
    [
        ("2026-03-10 09:15", 1, "2026-03-11 09:15"),
        ("2026-03-10 18:00", 1, "2026-03-12 07:00"),
        ("2026-03-10 05:00", 1, "2026-03-11 07:00"),
        ("2026-03-10 12:00", 2, "2026-03-12 13:00"),
        ("2026-02-13 16:30", 1, "2026-02-23 16:30"),
        ("2026-03-10 09:15", Decimal("0.5"), "2026-03-10 15:15"),
        ("2026-03-10 09:15", 0, "2026-03-10 09:15"),
    ],
)
def test_the_same_clock_time_mode_moves_the_event_into_opening_hours_first(
    event: str, days: Number, end: str
) -> None:
    assert CALENDAR.add_working_days(at(event), days, "same_clock_time") == at(end)


@pytest.mark.parametrize(
    ("days", "end"),
    [
        (Decimal("8.5"), "2026-03-23 11:00"),
        (Decimal("4.75"), "2026-03-17 15:00"),
        (Decimal("0.5"), "2026-03-11 11:00"),
        (0, "2026-03-10 17:00"),
    ],
)
def test_half_a_working_day_is_half_its_hours(days: Number, end: str) -> None:
    assert CALENDAR.add_working_days(at("2026-03-10 09:00"), days) == at(end)


def test_part_of_a_day_after_an_event_on_a_day_off_is_part_of_the_next_working_day() -> None:
    assert CALENDAR.add_working_days(at("2026-03-07 10:00"), Decimal("0.75")) == at("2026-03-09 15:00")


def test_days_off_and_swaps_are_those_decided() -> None:
    off = ["2025-01-27", "2025-01-31", "2025-04-07", "2025-05-02", "2025-09-01", "2026-01-02", "2026-02-16"]
    off += ["2026-02-20", "2026-04-27", "2026-04-30", "2026-05-01", "2026-08-31", "2026-09-01", "2026-09-02"]
    worked = ["2025-02-03", "2025-04-26", "2026-01-10", "2026-02-13", "2026-02-23", "2026-04-28"]
    worked += ["2026-08-22", "2026-09-03", "2026-11-24"]
    assert [text for text in off if CALENDAR.is_working_day(day(text))] == []
    assert [text for text in worked if not CALENDAR.is_working_day(day(text))] == []


def test_zero_working_days_of_an_event_after_closing_end_on_the_next_working_day() -> None:
    assert CALENDAR.add_working_days(at("2026-03-13 17:01"), 0) == at("2026-03-16 17:00")


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [
        ("2026-03-10 09:00", 3, "2026-03-13"),
        ("2026-03-10 09:00", 4, "2026-03-16"),
        ("2026-04-10 09:00", 20, "2026-05-04"),
        ("2026-02-01 09:00", 15, "2026-02-23"),
    ],
)
def test_calendar_days_count_days_off_but_never_end_on_one(event: str, days: int, last: str) -> None:
    assert CALENDAR.add_days(at(event), days) == at(f"{last} 17:00")


def test_calendar_days_in_the_same_clock_time_mode_keep_the_clock() -> None:
    assert CALENDAR.add_days(at("2026-03-10 09:15"), 4, "same_clock_time") == at("2026-03-16 09:15")


@pytest.mark.parametrize(
    ("event", "months", "last"),
    [
        ("2026-03-10 09:00", 1, "2026-04-10"),
        ("2025-12-31 09:00", 2, "2026-03-02"),
        ("2025-11-15 09:00", 1, "2025-12-15"),
        ("2025-11-15 09:00", 14, "2027-01-15"),
        ("2026-01-31 09:00", 3, "2026-05-04"),
    ],
    ids=["plain", "28/2 is a Saturday", "December", "over two years", "30/4 is off"],
)
def test_months_end_on_the_same_day_number_or_the_last_of_the_month(
    event: str, months: int, last: str
) -> None:
    assert CALENDAR.add_months(at(event), months) == at(f"{last} 17:00")


@pytest.mark.parametrize(
    ("due", "last"),
    [
        ("2026-02-23", "2026-02-13"),
        ("2026-05-04", "2026-04-29"),
        ("2026-01-12", "2026-01-10"),
        ("2026-03-11", "2026-03-10"),
        ("2026-03-08", "2026-03-06"),
    ],
)
def test_the_last_working_day_before_a_day_skips_days_off(due: str, last: str) -> None:
    assert CALENDAR.last_working_day_before(day(due)) == day(last)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-03-10 06:59", "2026-03-10 07:00"),
        ("2026-03-10 09:00", "2026-03-10 09:00"),
        ("2026-03-10 11:01", "2026-03-10 13:00"),
        ("2026-03-10 17:00", "2026-03-10 17:00"),
        ("2026-03-10 17:01", "2026-03-11 07:00"),
        ("2026-02-13 20:00", "2026-02-23 07:00"),
        ("2026-01-10 08:00", "2026-01-10 08:00"),
    ],
)
def test_the_next_opening_is_the_moment_itself_during_hours(moment: str, opening: str) -> None:
    assert CALENDAR.next_opening(at(moment)) == at(opening)


def test_the_instants_of_opening_and_closing_belong_to_the_hours() -> None:
    assert CALENDAR.is_working_moment(at("2026-03-10 07:00"))
    assert CALENDAR.is_working_moment(at("2026-03-10 17:00"))
    assert not CALENDAR.is_working_moment(at("2026-03-10 12:00"))
    assert not CALENDAR.is_working_moment(at("2026-03-10 17:00").replace(microsecond=1))
    assert not CALENDAR.is_working_moment(at("2026-03-08 09:00"))


def test_moments_are_read_in_any_zone_and_given_in_that_of_viet_nam() -> None:
    end = CALENDAR.add_working_hours(datetime(2026, 3, 9, 22, 0, tzinfo=UTC), 1)
    assert end.isoformat() == "2026-03-10T08:00:00+07:00"
    assert in_utc(end).isoformat() == "2026-03-10T01:00:00+00:00"
    assert CALENDAR.is_working_day(datetime(2026, 3, 8, 18, 0, tzinfo=UTC))


def test_working_hours_between_two_moments_skip_nights_lunch_and_days_off() -> None:
    assert CALENDAR.working_hours_between(at("2026-03-06 16:00"), at("2026-03-09 13:30")) == Fraction(11, 2)
    assert CALENDAR.working_hours_between(at("2026-03-09 13:30"), at("2026-03-06 16:00")) == Fraction(-11, 2)
    assert CALENDAR.working_hours_between(at("2026-02-14 00:00"), at("2026-02-22 23:00")) == 0


def test_closing_and_opening_of_a_day_off_are_those_of_the_next_working_day() -> None:
    assert CALENDAR.closing(day("2026-03-10")) == at("2026-03-10 17:00")
    assert CALENDAR.closing(day("2026-02-14")) == at("2026-02-23 17:00")
    assert CALENDAR.opening(day("2026-02-14")) == at("2026-02-23 07:00")


def test_a_naive_moment_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        CALENDAR.add_working_hours(at("2026-03-10 09:00").replace(tzinfo=None), 1)


@pytest.mark.parametrize("amount", [-1, Decimal("-0.5")])
def test_a_negative_period_is_an_error(amount: Number) -> None:
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_working_hours(at("2026-03-10 09:00"), amount)
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_working_days(at("2026-03-10 09:00"), amount)


def test_a_date_outside_the_known_years_is_never_guessed() -> None:
    with pytest.raises(CalendarYearError):
        CALENDAR.is_working_day(day("2031-01-01"))
    with pytest.raises(CalendarYearError):
        CALENDAR.next_opening(at("2024-12-31 09:00"))
    with pytest.raises(CalendarYearError):
        CALENDAR.add_working_days(at("2030-12-30 09:00"), 2)
    with pytest.raises(CalendarYearError):
        CALENDAR.add_days(at("2030-12-30 09:00"), 3)
    with pytest.raises(CalendarYearError):
        CALENDAR.last_working_day_before(day("2025-01-02"))


def test_only_undecided_years_are_provisional() -> None:
    assert CALENDAR.version == "vn-2026.1"
    assert CALENDAR.is_provisional(day("2027-02-08"))
    assert CALENDAR.is_provisional(day("2030-12-31"))
    assert not CALENDAR.is_provisional(day("2026-12-31"))


def test_the_days_worked_each_year_add_up() -> None:
    """261 Mondays to Fridays in each year, less the days off, plus the Saturdays worked."""
    for year, expected in ((2025, 261 - 12 + 1), (2026, 261 - 13 + 2), (2027, 261 - 11)):
        days = [
            date(year, month, number)
            for month in range(1, 13)
            for number in range(1, 32)
            if _exists(year, month, number)
        ]
        assert sum(map(CALENDAR.is_working_day, days)) == expected


def test_a_one_stop_may_stay_closed_on_swap_saturdays() -> None:
    calendar = WorkingCalendar.build(
        "test-1",
        [YearTable(2026, {day("2026-01-02"): "Tết"}, [day("2026-01-10")], is_provisional=False)],
        [OpeningHours(time(7), time(11))],
        opens_on_swap_days=False,
    )
    assert calendar.add_working_days(at("2026-01-09 09:00"), 1) == at("2026-01-12 11:00")


def test_a_calendar_file_with_a_day_off_on_a_weekend_is_refused() -> None:
    text = (
        'version = "vn-2026.9"\nin_force_from = 2026-01-01\n[years.2026]\nprovisional = false\n'
        'working_days = []\ndays_off = [{ day = 2026-01-03, name = "thứ Bảy" }]\n'
    )
    with pytest.raises(ProfileError, match="weekend"):
        read_days_off(text)


def _exists(year: int, month: int, number: int) -> bool:
    try:
        date(year, month, number)
    except ValueError:
        return False
    return True
