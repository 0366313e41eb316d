"""Laws of working time that hold for every moment and every period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hub.regulation.calendar import DueMode
from hub.regulation.clock import VIETNAM
from tests.support.dossiers import law

CALENDAR = law().calendar

# The last months are left free so that no period leaves the calendar.
FIRST = datetime(2025, 1, 2, tzinfo=VIETNAM)
moments = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda passed: FIRST + passed)
seconds = st.integers(0, 60 * 8 * 3600)
hours = seconds.map(lambda count: Fraction(count, 3600))
modes: st.SearchStrategy[DueMode] = st.sampled_from(["end_of_day", "same_clock_time"])


@given(moments, hours)
def test_adding_hours_is_undone_by_measuring_them(start: datetime, added: Fraction) -> None:
    assert CALENDAR.working_hours_between(start, CALENDAR.add_working_hours(start, added)) == added


@given(moments, hours)
def test_added_hours_never_end_in_off_time_or_before_the_start(start: datetime, added: Fraction) -> None:
    end = CALENDAR.add_working_hours(start, added)
    assert CALENDAR.is_working_moment(end)
    assert end >= start


@given(moments, moments, hours)
def test_a_later_start_never_ends_earlier(first: datetime, second: datetime, added: Fraction) -> None:
    early, late = sorted((first, second))
    assert CALENDAR.add_working_hours(early, added) <= CALENDAR.add_working_hours(late, added)


@given(moments, hours, hours)
def test_more_hours_never_end_earlier_and_periods_add_up(
    start: datetime, first: Fraction, second: Fraction
) -> None:
    middle = CALENDAR.add_working_hours(start, first)
    end = CALENDAR.add_working_hours(start, first + second)
    assert end >= middle
    assert CALENDAR.working_hours_between(middle, end) == second


@given(moments, st.integers(0, 60), modes)
def test_working_days_end_in_hours_and_are_as_many_as_asked(
    event: datetime, days: int, mode: DueMode
) -> None:
    end = CALENDAR.add_working_days(event, days, mode)
    assert CALENDAR.is_working_moment(end)
    begin = event.date() if mode == "end_of_day" else CALENDAR.next_opening(event).date()
    passed = [begin + timedelta(days=count) for count in range(1, (end.date() - begin).days + 1)]
    if days:
        assert sum(map(CALENDAR.is_working_day, passed)) == days


# From a quarter on: zero days mean "the same day", whose closing is later than a quarter of a first day.
@given(moments, st.integers(1, 240).map(lambda quarters: Fraction(quarters, 4)), modes)
def test_a_quarter_day_more_never_ends_earlier(event: datetime, days: Fraction, mode: DueMode) -> None:
    shorter = CALENDAR.add_working_days(event, days, mode)
    assert event <= shorter <= CALENDAR.add_working_days(event, days + Fraction(1, 4), mode)


@given(moments, st.integers(0, 90), modes)
def test_calendar_days_never_end_on_a_day_off(event: datetime, days: int, mode: DueMode) -> None:
    end = CALENDAR.add_days(event, days, mode)
    assert CALENDAR.is_working_day(end)
    assert (end.date() - event.date()).days >= days


@given(moments)
def test_the_day_before_and_the_day_after_are_each_others_inverse(moment: datetime) -> None:
    after = CALENDAR.working_day_after(moment, 1)
    assert CALENDAR.working_day_before(after) <= moment.date() < after


@given(moments, hours)
def test_the_zone_of_the_input_does_not_matter(start: datetime, added: Fraction) -> None:
    assert CALENDAR.add_working_hours(start.astimezone(UTC), added) == CALENDAR.add_working_hours(
        start, added
    )
