"""Times and days that Python cannot hold are read as the nearest that leave room to reckon."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.postgres.times import FIRST, LAST, _date, _days, _micros, _moment

ROOM = timedelta(days=300_000)


@given(st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)))
def test_every_time_of_the_hub_comes_back_as_it_was(moment: datetime) -> None:
    assert _moment(_micros(moment.replace(tzinfo=UTC))) == moment.replace(tzinfo=UTC)
    assert _date(_days(moment.date())) == moment.date()


@pytest.mark.parametrize("counted", [-(2**63), 2**63 - 1, 10**18, -(10**18)])
def test_no_time_of_the_database_leaves_the_calendar(counted: int) -> None:
    assert _moment((counted,)) in {FIRST, LAST}
    assert _moment((counted,)) + ROOM > _moment((counted,)) - ROOM


@pytest.mark.parametrize("counted", [-(2**31), 2**31 - 1, 2_145_000_000])
def test_no_day_of_the_database_leaves_the_calendar(counted: int) -> None:
    assert _date((counted,)) in {FIRST.date(), LAST.date()}


def test_a_day_is_taken_for_a_day() -> None:
    assert _days(date(2000, 1, 2)) == (1,)
