"""The days off that come with the hub: 2023 to 2030 by the law and by the sky, with guesses marked."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from hub.regulation.calendar_data import DaysOff, read_days_off
from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book
from hub.regulation.profile import read_profile
from tests.support.lawbooks import DATA
from tests.support.lunar import lunar_day

FILES = sorted(
    (file for file in (DATA / "calendars").iterdir() if file.name.endswith(".toml")),
    key=lambda file: file.name,
)
TABLES = [read_days_off(file.read_text(encoding="utf-8")) for file in FILES]
YEARS = [
    pytest.param(table, year, id=f"{table.version} {year}")
    for table in TABLES
    for year in sorted(table.years)
]
DAY = timedelta(days=1)


def test_the_lunar_dates_are_those_that_were_published() -> None:
    """Of 2030 the new moon is at 23:07 in Hà Nội, an hour later the next day in Beijing."""
    first_days = {
        2023: "01-22", 2024: "02-10", 2025: "01-29", 2026: "02-17", 2027: "02-06", 2028: "01-26",
        2030: "02-02",
    }  # fmt: skip
    assert {year: lunar_day(year, 1, 1).strftime("%m-%d") for year in first_days} == first_days
    ancestors = {2023: "04-29", 2024: "04-18", 2025: "04-07", 2026: "04-26", 2027: "04-16", 2028: "04-04"}
    assert {year: lunar_day(year, 3, 10).strftime("%m-%d") for year in ancestors} == ancestors


@pytest.mark.parametrize(("table", "year"), YEARS)
def test_each_year_has_the_days_of_the_law(table: DaysOff, year: int) -> None:
    """Eleven statutory days: each is a weekend or off, and what falls on a weekend moves to a weekday."""
    own = table.years[year]
    off = {entry.day for entry in own.days_off}
    tet = lunar_day(year, 1, 1)
    fixed = {date(year, 1, 1), lunar_day(year, 3, 10), date(year, 4, 30), date(year, 5, 1), date(year, 9, 2)}
    fixed |= {tet - DAY, tet, tet + DAY, tet + 2 * DAY}
    assert not {day for day in fixed if day.isoweekday() <= 5} - off
    assert off & {date(year, 9, 1), date(year, 9, 3)} or date(year, 9, 4) in off
    swapped = [entry for entry in own.days_off if entry.name.startswith("Hoán đổi")]
    assert len(swapped) == len(own.working_days)
    assert len(off) == 11 + len(swapped)


@pytest.mark.parametrize(("table", "year"), YEARS)
def test_a_guess_is_marked_and_a_year_that_is_over_has_none(table: DaysOff, year: int) -> None:
    own = table.years[year]
    assert own.provisional == (year >= 2027)
    if table.version != "vn-2026.1":  # in force from before sources were written down
        assert own.source
        assumed = {entry.day for entry in own.days_off if entry.assumed}
        assert bool(assumed) == (year in {2027, 2028, 2030})
        tet = lunar_day(year, 1, 1)
        assert all(abs(day - tet) <= 7 * DAY or day.month == 9 for day in assumed)


def test_a_guess_in_a_decided_year_is_refused() -> None:
    text = (
        'version = "vn-2026.9"\nin_force_from = 2026-01-01\n[years.2026]\nprovisional = false\n'
        'working_days = []\ndays_off = [{ day = 2026-01-02, name = "x", assumed = true }]\n'
    )
    with pytest.raises(ProfileError, match="provisional"):
        read_days_off(text)


@pytest.mark.parametrize(
    "day", ["2023-12-18", "2024-12-31", "2025-06-02", "2026-11-30", "2027-01-04", "2030-12-31"]
)
def test_every_day_of_the_regulation_has_a_calendar_that_reaches_to_the_end_of_2030(day: str) -> None:
    on = date.fromisoformat(day)
    calendar = load_book().in_force(on).calendar
    assert calendar.last_day == date(2030, 12, 31)
    assert calendar.is_working_day(on)
    before = calendar.last_working_day_before(on)
    assert calendar.working_day_after(before, 1) == on


def test_a_change_of_the_calendar_moves_no_day_of_a_year_that_was_decided() -> None:
    known = {table.version: table for table in TABLES}
    old, new = known["vn-2026.1"].years[2026], known["vn-2027.1"].years[2026]
    assert (old.days_off, old.working_days) == (new.days_off, new.working_days)


@pytest.mark.parametrize(
    "what",
    [
        f"x = {'9' * 5000}",
        f"x = {'[' * 5000}",
        "[years.99999999999999]\nprovisional = true\n",
        "[years.0]\n",
        '"a\\"b" = """\n[no table\n"""\n',
    ],
)
def test_a_number_without_end_and_a_list_without_bottom_are_refused_as_what_is_no_toml(what: str) -> None:
    text = f'version = "vn-2026.9"\nin_force_from = 2026-01-01\n{what}'
    with pytest.raises(ProfileError, match="calendar"):
        read_days_off(text)
    with pytest.raises(ProfileError):
        read_profile(text)


def test_a_mistake_behind_a_value_of_very_many_lines_is_told_in_no_time_and_without_its_line() -> None:
    began = time.process_time()
    with pytest.raises(ProfileError, match="years"):
        read_days_off("x = [\n" + "1,\n" * 20_000 + "]\n")
    assert time.process_time() - began < 20
