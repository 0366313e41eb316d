"""Indicators of QĐ 766: what counts when, what is said where there is no number, versions of formulas."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from hub.regulation.calendar import OpeningHours, WorkingCalendar, YearTable
from hub.regulation.clock import VIETNAM
from hub.reports.asked import CountedReport, period_of_days
from hub.reports.errors import ReportError
from hub.reports.files import as_csv, as_xlsx
from hub.reports.formula_sets import installed_formulas, read_formulas
from hub.reports.life import Life, Spell
from hub.reports.measures import MEASURES, InPeriod, Period, is_in_time
from hub.reports.report import Figure, Figures, explained, handling_time
from tests.support.dossiers import law
from tests.support.stack import REPOSITORY

FORMULA_FOLDER = REPOSITORY / "hub" / "reports" / "formulas"
FORMULAS = installed_formulas()["766-2026@1"]
BEGIN = datetime(2026, 10, 1, tzinfo=VIETNAM)
PERIOD = Period(BEGIN, datetime(2026, 11, 1, tzinfo=VIETNAM), datetime(2026, 11, 1, tzinfo=VIETNAM))
MONDAY = datetime(2026, 10, 5, 9, tzinfo=VIETNAM)


def life(**changes: object) -> Life:
    """Accepted on a Monday, due on Thursday at five."""
    made = Life(
        "id", "1.004873", "000.12.34.H07", "000.12.35.H07", "in_person", "code-1", law().versions,
        "3 WORKING_DAY", MONDAY, MONDAY + timedelta(days=3, hours=8),
    )  # fmt: skip
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def seen(one: Life, *, has_results: bool = True) -> InPeriod:
    return InPeriod(one, PERIOD, has_results=has_results, dislike_most=FORMULAS.dislike_most)


def counted(one: Life) -> set[str]:
    return {name for name, measure in MEASURES.items() if measure(seen(one))}


def test_a_limit_that_a_later_calendar_moved_is_the_one_by_which_delay_counts() -> None:
    old = MONDAY + timedelta(days=3, hours=8)
    later, other = old + timedelta(days=1), old + timedelta(days=9)
    one = life(due_at=old)
    moved = {"old_due_at": old.isoformat(), "new_due_at": later.isoformat()}
    one.happened("limit.moved", MONDAY, moved | {"kind": "opinion"}, None)
    assert one.due_at == old
    one.happened("calendar.changed", MONDAY, {"calendar": "vn-2026.2"}, None)
    one.happened("limit.moved", MONDAY, moved | {"kind": "due"}, None)
    one.happened("limit.moved", MONDAY, moved | {"kind": "due", "new_due_at": other.isoformat()}, None)
    assert one.due_at == later
    assert one.law is not None
    assert one.law.calendar == "vn-2026.2"


def lines(*some: Life, inputs: dict[str, int] | None = None) -> dict[str, Figure]:
    tally = Figures(FORMULAS, lambda _: "all")
    for one in some:
        tally.add(seen(one), law().calendar)
    return {line.number: line for line in tally.lines(inputs or {}, english=True)}


def test_a_dossier_is_on_time_by_its_end_and_one_that_runs_by_the_end_of_the_period() -> None:
    assert is_in_time(life(issued_at=MONDAY + timedelta(days=1)), PERIOD.until)
    assert not is_in_time(life(issued_at=MONDAY + timedelta(days=4)), PERIOD.until)
    assert not is_in_time(life(), PERIOD.until)
    assert is_in_time(life(), MONDAY + timedelta(days=1))
    assert "on_time" in counted(life(declined_at=MONDAY + timedelta(days=1)))


def test_an_open_first_supplement_ends_with_its_request_and_a_second_one_is_late() -> None:
    asked = Spell(MONDAY + timedelta(days=1))
    assert is_in_time(life(spells=[asked]), PERIOD.until)
    assert not is_in_time(life(spells=[Spell(MONDAY + timedelta(days=9))]), PERIOD.until)
    closed = Spell(MONDAY + timedelta(days=1), MONDAY + timedelta(days=2))
    issued = MONDAY + timedelta(days=2)
    assert is_in_time(life(spells=[closed], issued_at=issued), PERIOD.until)
    assert not is_in_time(life(spells=[closed, closed], issued_at=issued), PERIOD.until)


def test_what_was_accepted_before_and_is_open_is_handled_and_not_received() -> None:
    before = life(accepted_at=BEGIN - timedelta(days=3))
    assert "handled" in counted(before)
    assert "received" not in counted(before)
    assert counted(life(accepted_at=BEGIN - timedelta(days=9), issued_at=BEGIN - timedelta(days=1))) == set()
    assert counted(life(accepted_at=PERIOD.end)) == set()


def test_handling_time_is_in_the_unit_of_the_procedure_without_supplements() -> None:
    # Monday 9:00 to Wednesday 9:00: two working days, of which the supplement took one.
    spell = Spell(MONDAY, MONDAY + timedelta(days=1))
    ended = life(issued_at=MONDAY + timedelta(days=2), spells=[spell])
    assert handling_time(ended, law().calendar) == ("WORKING_DAY", Fraction(1))
    calendar_days = life(issued_at=MONDAY + timedelta(days=6), handling="10 DAY")
    assert handling_time(calendar_days, law().calendar) == ("DAY", Fraction(6))


def test_a_working_day_has_the_opening_hours_of_the_profile() -> None:
    years, hours = [YearTable(2026, {}, [], is_provisional=False)], [OpeningHours(time(7), time(13))]
    short_days = WorkingCalendar.build("test-1", years, hours)
    ended = life(issued_at=MONDAY + timedelta(days=2))
    assert handling_time(ended, short_days) == ("WORKING_DAY", Fraction(2))


def test_points_are_those_of_the_formulas_and_never_more_than_the_most() -> None:
    good = life(issued_at=MONDAY + timedelta(days=1), channel="online", has_electronic_result=True)
    found = lines(good, life(issued_at=MONDAY + timedelta(days=9)))
    assert (found["2.1"].numerator, found["2.1"].denominator) == (1, 2)
    assert (found["2.1"].value, found["2.1"].points, found["2.1"].most) == (
        Decimal("50.00"), Decimal("10.00"), Decimal("20.00"),
    )  # fmt: skip
    assert (found["3.3"].value, found["3.3"].points) == (Decimal("50.00"), Decimal("6.00"))
    assert lines(good)["3.3"].points == Decimal("6.00")


def test_who_complains_or_is_not_content_takes_from_contentment() -> None:
    in_time = MONDAY + timedelta(days=1)
    found = lines(
        life(issued_at=in_time, lowest_score=0.4), life(issued_at=in_time, complaints=2),
        life(issued_at=in_time, lowest_score=0.6), life(issued_at=in_time),
    )  # fmt: skip
    assert found["5.4"].value == Decimal("50.00")


def test_a_number_that_the_hub_cannot_know_is_asked_for_by_name() -> None:
    synced = life(is_synced=True)
    assert lines(synced)["1.4"].value is None
    assert lines(synced)["1.4"].remark == "needs --input received_nationally=N, received_on_portal=N"
    given = lines(synced, inputs={"received_nationally": 4, "received_on_portal": 2})["1.4"]
    assert (given.denominator, given.value, given.points) == (4, Decimal("25.00"), Decimal("1.50"))


@pytest.mark.parametrize("first", [date.min, date(2026, 1, 1)])
def test_a_period_to_the_end_of_the_calendar_is_refused_by_name(first: date) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert period_of_days(first, date(9999, 12, 30), now).until == now
    with pytest.raises(ReportError, match="the last day"):
        period_of_days(first, date.max, now)


def test_without_a_dossier_to_divide_by_there_is_no_number() -> None:
    found = lines(life())
    for number in ("3.6", "4.1", "2.2"):
        assert (found[number].value, found[number].points) == (None, None)
        assert found[number].remark == "no such dossier in the period"
    assert lines() == {}


def test_each_number_can_be_followed_down_to_its_dossiers() -> None:
    one = FORMULAS.find("2.1")
    late = explained(one, seen(life()))
    assert late is not None
    assert (late["dossier"], late["counts_as"], late["of"]) == ("code-1", "-", "handled")
    good = explained(one, seen(life(issued_at=MONDAY)))
    assert good is not None
    assert good["counts_as"] == "on_time"
    assert explained(one, seen(life(accepted_at=PERIOD.end))) is None
    with pytest.raises(ReportError, match=r"has no indicator 9\.9"):
        FORMULAS.find("9.9")


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('denominator = "handled"', 'denominator = "handeld"', "no measure handeld"),
        ("version = 1", "version = 2", "id and version say"),
        ("points = 20", "points = 0", "points"),
        ("[[indicator]]", "[[indikator]]", "indikator"),
        ('denominator = "handled"\npoints', "points", "one of denominator"),
    ],
)
def test_formulas_that_are_wrong_are_refused_with_file_and_key(old: str, new: str, wrong: str) -> None:
    text = (FORMULA_FOLDER / "766-2026@1.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ReportError, match=rf"766-2026@1\.toml.*{wrong}"):
        read_formulas("766-2026@1.toml", text.replace(old, new, 1))


def test_no_cell_starts_a_formula_and_the_same_rows_give_the_same_bytes() -> None:
    rows = [asdict(line) for line in lines(life()).values()]
    rows[0]["group"], rows[0]["remark"] = "=1+1", "+cmd|' /C calc'!A0"
    whole = CountedReport("766", PERIOD, rows, formulas=FORMULAS)
    text = as_csv(whole).decode("utf-8-sig")
    assert "\r\n'=1+1," in text
    made = as_xlsx(whole)
    assert made == as_xlsx(whole)
    sheet = zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
