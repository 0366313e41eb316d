"""Names that participants make up: a paper of a report has rows for so many, and one for all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from hub.regulation.clock import VIETNAM
from hub.regulation.roster import Posting, Roster
from hub.reports.asked import CountedReport
from hub.reports.errors import ReportError
from hub.reports.life import Life
from hub.reports.officers import OfficerSheet
from hub.reports.paper import MOST_NAMED, MOST_ROWS, as_pdf, sheet_of
from hub.reports.settlement import SettlementSheet
from hub.reports.work import COUNTS, OTHERS, WorkSheet
from tests.support.forms import text_of
from tests.support.report_papers import AGENCIES, ONE_STOP, PERIOD, SETTLED, known, seen

SETTLED_AT = datetime(2026, 10, 20, 9, tzinfo=VIETNAM)


def account(life: Life) -> str:
    """Twelve accounts, five dossiers each: the first ones come first."""
    return f"cc-{int(life.dossier.removeprefix('id-')) % 12:02}"


def sums(rows: Sequence[Mapping[str, object]]) -> list[int]:
    return [sum(int(str(row[name])) for row in rows) for name in COUNTS]


def test_groups_beyond_those_with_a_row_are_counted_together_and_no_dossier_is_lost() -> None:
    bounded, whole = WorkSheet(account, 4, ["cc-09"]), WorkSheet(account)
    for one in seen():
        bounded.add(one)
        whole.add(one)
    rows, each = bounded.rows(), {str(row["group"]): row for row in whole.rows()}
    assert [row["group"] for row in rows] == ["cc-00", "cc-01", "cc-02", "cc-03", "cc-09", OTHERS]
    assert rows[:-1] == [each[str(row["group"])] for row in rows[:-1]], "each has all its dossiers"
    assert sums(rows) == sums(whole.rows())
    assert (bounded.left_out, whole.left_out) == (7, 0)


def officers(most: int | None) -> CountedReport:
    """One of the twelve is posted, and another one who accepted nothing."""
    posted = [
        Posting(
            account=name, name="Lê Thị Mẫu", title="Chuyên viên", organisation=ONE_STOP, level="commune",
            sent_by=AGENCIES[1], in_force_from=date(2026, 1, 1),
        )
        for name in ("cc-11", "cc-99")
    ]  # fmt: skip
    sheet = OfficerSheet(Roster(posted), ONE_STOP, PERIOD, account, most)
    for one in seen():
        sheet.add(one)
    return CountedReport(
        "officers", PERIOD, sheet.rows(), organisation=ONE_STOP, known=known(), left_out=sheet.left_out
    )


def test_who_is_posted_has_a_row_and_others_have_as_long_as_there_are_any() -> None:
    made, whole = officers(3), officers(None)
    own = [row["account"] for row in made.rows if row["sent_by"] == ONE_STOP]
    assert own == ["cc-00", "cc-01", "cc-02", OTHERS]
    posted = {str(row["account"]): row["received"] for row in made.rows if row["sent_by"] == AGENCIES[1]}
    assert posted == {"cc-11": 5, "cc-99": 0}
    assert sums(made.rows) == sums(whole.rows)
    assert "8 tài khoản khác" in text_of(as_pdf(made))
    assert "tài khoản khác" not in text_of(as_pdf(whole))


def settled(count: int, most: int | None) -> CountedReport:
    """Each agency hands over what it says, and the later ones collected more; the first was late."""
    sheet = SettlementSheet(replace(PERIOD, begin=PERIOD.begin.replace(month=7)), ONE_STOP, most=most)
    for number in range(count):
        agency = f"000.{number // 100:02}.{number % 100:02}.H08"
        lines = [one | {"collected": one["handed_over"] + number} for one in _lines()]
        limit = {"settle_by": "2026-10-15T10:00:00Z"} if number == 0 else {}
        sheet.add({"data": SETTLED[0] | {"agency": agency, "sums": lines} | limit, "to": ()}, SETTLED_AT)
    return CountedReport(
        "settlement", PERIOD, sheet.rows(), organisation=ONE_STOP, known=known(), left_out=sheet.left_out
    )


def _lines() -> Sequence[dict[str, Any]]:
    lines: Sequence[dict[str, Any]] = SETTLED[0]["sums"]  # type: ignore[assignment]  # as it is written there
    return lines


def test_settlements_that_collected_most_have_rows_and_the_sums_are_those_of_all() -> None:
    made, whole = settled(9, 4), settled(9, None)
    shown = [str(row["agency"]) for row in made.rows]
    assert shown == [*sorted(shown[:-2]), OTHERS, OTHERS]
    assert {agency for agency in shown if agency} == {f"000.00.0{number}.H08" for number in range(5, 9)}
    for name in ("receipts", "collected", "handed_over", "difference"):
        assert sum(int(str(row[name])) for row in made.rows) == sum(int(str(row[name])) for row in whole.rows)
    assert [row["is_late"] for row in made.rows[-2:]] == ["yes", "yes"]
    text = " ".join(text_of(as_pdf(made)).split())
    assert text.count("5 bảng quyết toán khác") == 2, "fees and service fees"


def test_a_paper_is_made_of_any_number_of_settlements() -> None:
    assert sheet_of(settled(MOST_ROWS, MOST_NAMED)).template
    with pytest.raises(ReportError, match="rows"):
        sheet_of(settled(MOST_ROWS, None))
