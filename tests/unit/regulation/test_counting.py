"""A due time explained: the days that count and those that do not, the same as the calendar had it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.regulation.catalogue import HandlingTime, TimeUnit
from hub.regulation.counting import Count, DayOff, count
from hub.regulation.deadlines import due_time
from tests.support.dossiers import at, law

MOMENTS = st.integers(0, 320 * 24 * 60).map(
    lambda minutes: at("2026-01-05 00:00") + timedelta(minutes=minutes)
)


def due(handling: HandlingTime, start: datetime) -> datetime:
    return due_time(law().calendar, law().profile, handling, start)


@given(start=MOMENTS, days=st.integers(1, 15))
def test_as_many_working_days_are_counted_as_the_record_gives(start: datetime, days: int) -> None:
    handling = HandlingTime(Decimal(days), TimeUnit.WORKING_DAY)
    counted = count(law().calendar, handling, start, due(handling, start))
    assert counted.counted == days
    assert not any(law().calendar.is_working_day(one.day) for one in counted.off)


@given(start=MOMENTS, days=st.integers(1, 20))
def test_days_of_the_calendar_all_count_and_an_end_moves_over_days_off(start: datetime, days: int) -> None:
    handling = HandlingTime(Decimal(days), TimeUnit.DAY)
    end = due(handling, start)
    counted = count(law().calendar, handling, start, end)
    moved = counted.counted - days
    assert moved >= 0
    assert [one.day for one in counted.off[len(counted.off) - moved :]] == [
        (end - timedelta(days=number)).date() for number in range(moved, 0, -1)
    ]


@pytest.mark.rule("15.1.a")
def test_days_off_have_their_names() -> None:
    handling = HandlingTime(Decimal(3), TimeUnit.WORKING_DAY)
    start = at("2026-08-31 09:00")
    named = law().calendar.name_of_day_off(date(2026, 9, 2))
    assert named
    counted = count(law().calendar, handling, start, due(handling, start))
    assert DayOff(date(2026, 9, 2), "day_off", named) in counted.off


@pytest.mark.rule("10")
def test_a_weekend_is_no_day_off_with_a_name() -> None:
    handling = HandlingTime(Decimal(1), TimeUnit.WORKING_DAY)
    start = at("2026-10-09 09:00")  # a Friday
    assert count(law().calendar, handling, start, due(handling, start)) == Count(
        1, (DayOff(date(2026, 10, 10), "weekend"), DayOff(date(2026, 10, 11), "weekend"))
    )
