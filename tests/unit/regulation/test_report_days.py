"""Which reports are due on a day: by the calendar of the profile, of periods in which the hub was there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import pytest

from hub.regulation.clock import VIETNAM
from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book, profile_texts
from hub.regulation.organisations import Organisation, Organisations
from hub.regulation.profile import read_profile
from hub.regulation.report_days import PlannedReport, Span, periods_due, reports_of, spans
from tests.support.dossiers import law

OFFICE, CENTRE, SECTION = "H07.01", "H07.02", "H07.03"
SINCE = date(2026, 9, 14)


def known() -> Organisations:
    begin = date(2020, 1, 1)
    records = [
        Organisation(code=OFFICE, kind="office", level="province", name_vi="VP", in_force_from=begin),
        Organisation(
            code=CENTRE, kind="centre", level="province", name_vi="TT", parent=OFFICE, in_force_from=begin
        ),
        Organisation(
            code=SECTION, kind="section", level="province", name_vi="BP", parent=OFFICE,
            in_force_from=begin, in_force_until=date(2026, 9, 20), successors=(CENTRE,),
        ),
    ]  # fmt: skip
    return Organisations(records)


def due(day: datetime, since: date = SINCE) -> Iterator[PlannedReport]:
    return reports_of(periods_due(law(), day, since), known())


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=VIETNAM)


def named(found: Iterator[PlannedReport]) -> set[tuple[str, str]]:
    return {(one.report.name, one.span.name) for one in found}


def test_a_report_is_due_from_the_opening_of_its_working_day_on() -> None:
    third = {("late", "2026-09"), ("officers", "2026-09")}
    assert named(due(datetime(2026, 10, 5, 6, 59, tzinfo=VIETNAM))) == set()
    assert named(due(at(10, 5, 7))) == named(due(at(10, 6, 23))) == third
    fifth = {("agencies", "2026-Q3"), ("channels", "2026-Q3"), ("overview", "2026-09")}
    assert named(due(at(10, 7, 7))) == third | fifth
    twentieth = ("settlement", "2026-Q3")
    assert (twentieth in named(due(at(10, 27))), twentieth in named(due(at(10, 28)))) == (False, True)


def test_each_one_stop_that_is_there_on_the_last_day_has_its_own_and_the_province_one() -> None:
    found = {one.report.name: one for one in due(at(10, 8))}
    assert {one.organisation for one in due(at(10, 8))} == {CENTRE, OFFICE}
    assert (found["agencies"].about, found["agencies"].to) == (CENTRE, CENTRE)
    assert (found["channels"].about, found["channels"].to) == (CENTRE, OFFICE)
    assert (found["overview"].about, found["overview"].to) == (None, OFFICE)
    assert found["overview"].matter == f"reports/{OFFICE}/overview/2026-09"


def test_nothing_is_due_of_a_time_before_there_was_a_hub_nor_of_one_that_is_long_over() -> None:
    assert named(due(at(11, 6), date(2026, 11, 2))) == set()
    monthly = [period for name, period in named(due(at(12, 20), date(2020, 1, 1))) if name == "late"]
    assert (min(monthly), max(monthly), len(monthly)) == ("2025-11", "2026-11", 13)


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("month", [Span("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
                   Span("2026-12", date(2026, 12, 1), date(2026, 12, 31))]),
        ("quarter", [Span("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))]),
        ("year", [Span("2026", date(2026, 1, 1), date(2026, 12, 31))]),
    ],
)  # fmt: skip
def test_periods_are_those_of_the_calendar_that_are_over(every: str, expected: list[Span]) -> None:
    assert list(spans(every, date(2026, 11, 16), date(2027, 1, 1))) == expected  # type: ignore[arg-type]
    assert list(spans(every, date(2026, 11, 16), date(2026, 11, 30))) == []  # type: ignore[arg-type]


def test_a_year_without_days_off_makes_nothing_due() -> None:
    calendar = law().calendar
    far = datetime.combine(calendar.last_day, datetime.min.time(), VIETNAM).replace(hour=23)
    last = f"{calendar.last_day.year}-12"
    assert last not in {period for _, period in named(due(far, date(calendar.last_day.year, 12, 1)))}


def test_a_profile_that_names_a_report_twice_is_refused_and_one_without_any_makes_none() -> None:
    text = profile_texts()["bentre-45-2023@2"]
    assert read_profile(text).reports
    with pytest.raises(ProfileError, match="a report is named twice"):
        read_profile(text.replace('name = "channels"', 'name = "agencies"'))
    silent = replace(law(), profile=replace(law().profile, reports=()))
    assert list(periods_due(silent, at(10, 8), SINCE)) == []
    assert load_book().in_force(date(2026, 10, 5)).profile.reports
