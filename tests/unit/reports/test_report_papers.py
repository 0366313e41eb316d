"""Reports on paper and what would raise the score: the same bytes each time, looking as they are stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hub.regulation.lawbook import load_book
from hub.regulation.roster import Posting, Roster
from hub.reports.asked import CountedReport
from hub.reports.counting import Counting
from hub.reports.errors import ReportError
from hub.reports.files import FORMATS
from hub.reports.gains import Gain, gains
from hub.reports.life import Life
from hub.reports.officers import OfficerSheet
from hub.reports.paper import MOST_LATE, MOST_ROWS, as_pdf
from hub.reports.report import Figure
from hub.reports.settlement import touches
from hub.reports.work import LateList, longest_first
from tests.support.forms import looks_like, reach_of, text_of
from tests.support.report_papers import AGENCIES, FORMULAS, ONE_STOP, PERIOD, REPORTS, lives, made, pages
from tests.support.report_papers import seen as late_ones


@pytest.mark.parametrize("kind", REPORTS)
def test_each_report_looks_as_it_is_stored_and_is_the_same_bytes(kind: str) -> None:
    for number, picture in enumerate(pages(kind)):
        assert looks_like(picture, f"report-{kind}-{number}.png"), "look at it, then make docs"
    assert as_pdf(made(kind)) == as_pdf(made(kind))


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("ending", FORMATS)
def test_a_report_without_rows_is_one_too(kind: str, ending: str) -> None:
    content = FORMATS[ending](replace(made(kind), rows=[]))
    assert content
    if ending == "pdf":
        text = text_of(content)
        assert "Trong kỳ không có" in text or "Chưa có quý nào trong kỳ" in text, "said in words"


def test_the_period_that_runs_and_the_numbers_that_are_not_known_are_said_in_words() -> None:
    running = replace(made("766"), period=replace(PERIOD, until=PERIOD.end.replace(month=10, day=20)))
    text = text_of(as_pdf(running))
    assert "kỳ báo cáo chưa kết thúc; số liệu tính đến 00:00 20/10/2026" in text
    assert "cần số liệu: số hồ sơ tiếp nhận theo Hệ thống báo cáo của Chính phủ" in text
    assert "--input" not in text


def test_a_report_that_is_due_names_what_asks_for_it_and_whose_it_is() -> None:
    above = replace(made("work"), organisation=None, rule="22.1", office=AGENCIES[0])
    text = text_of(as_pdf(above))
    assert "khoản 1 Điều 22 Quy chế ban hành kèm theo Quyết định số 45/2023/QĐ-UBND" in text
    assert "ỦY BAN NHÂN DÂN XÃ MẪU" in text
    assert "Căn cứ: 99.9" in text_of(as_pdf(replace(above, rule="99.9"))), "a profile of a site's own"


def test_a_late_dossier_has_the_words_of_its_form_04_where_they_were_opened() -> None:
    assert "Chờ kết quả xác minh thực địa" in text_of(as_pdf(made("late")))
    assert b"words" not in FORMATS["json"](made("late")), "tables for programs have none"


def test_long_words_of_a_form_04_are_shortened_on_the_list() -> None:
    rows = [{**made("late").rows[0], "words": "một hai ba " * 100}]
    text = text_of(as_pdf(CountedReport("late", PERIOD, rows)))
    assert text.count("hai") == 400 // len("một hai ba ")
    assert "…" in text.partition("một")[2]


def test_a_word_that_is_longer_than_its_cell_stays_in_it() -> None:
    rows = [{**made("officers").rows[0], "account": "x" * 100}]
    officers = as_pdf(CountedReport("officers", PERIOD, rows))
    assert "x" * 100 in text_of(officers).replace(" ", "")
    late = as_pdf(CountedReport("late", PERIOD, [{**made("late").rows[0], "words": "x" * 400}]))
    assert max(reach_of(officers), reach_of(late)) < 1 - 14 / 297, "the margin"


def test_a_paper_has_a_bounded_number_of_rows() -> None:
    long = CountedReport("settlement", PERIOD, made("settlement").rows * (MOST_ROWS // 4 + 1))
    with pytest.raises(ReportError, match="rows"):
        as_pdf(long)
    assert FORMATS["csv"](long)


def test_the_list_of_late_dossiers_shows_the_longest_delays_and_how_many_more_there_are() -> None:
    rows = [
        {**made("late").rows[0], "id": f"id-{number}", "dossier": f"code-{number:04}",
         "late_by": timedelta(minutes=number)}
        for number in range(MOST_LATE + 200)
    ]  # fmt: skip
    text = text_of(as_pdf(CountedReport("late", PERIOD, rows, left_out=7)))
    assert f"Trong kỳ có {MOST_LATE + 207} hồ sơ quá hạn; dưới đây là {MOST_LATE} hồ sơ" in " ".join(
        text.split()
    )
    shown = [word for word in text.split() if word.startswith("code-")]
    assert shown == [f"code-{number:04}" for number in range(MOST_LATE + 199, 199, -1)]
    assert FORMATS["csv"](CountedReport("late", PERIOD, rows)).count(b"\r\n") == MOST_LATE + 201


def test_a_bounded_list_keeps_the_longest_delays_whatever_the_order_in_which_they_come() -> None:
    late = [seen for seen in late_ones() if seen.is_late]
    for order in (late, late[::-1]):
        bounded, whole = LateList(3), LateList()
        for one in order:
            bounded.add(one)
            whole.add(one)
        assert bounded.rows() == longest_first(whole.rows())[:3]
        assert (bounded.left_out, len(whole.rows())) == (len(late) - 3, len(late))


def test_a_quarter_counts_where_a_day_of_it_lies_in_the_period() -> None:
    longer = replace(PERIOD, begin=PERIOD.begin.replace(year=2025, month=12))
    quarters = ("2025-Q3", "2025-Q4", "2026-Q3", "2026-Q4", "2027-Q1")
    assert [one for one in quarters if touches(PERIOD, one)] == ["2026-Q4"]
    assert [one for one in quarters if touches(longer, one)] == ["2025-Q4", "2026-Q3", "2026-Q4"]


def figure(number: str, numerator: int, denominator: int | None, points: str | None, most: str) -> Figure:
    earned = Decimal(points) if points is not None else None
    return Figure("all", number, "", numerator, denominator, Decimal(), "%", earned, Decimal(most), "?")


def test_the_greatest_gain_stands_first_with_the_dossiers_that_it_takes() -> None:
    found = gains(
        [
            figure("1.4", 3, None, None, "6"),
            figure("2.1", 8, 10, "16", "20"),
            figure("3.3", 1, 10, "1.20", "6"),
            figure("4.5", 10, 10, "2", "2"),
            figure("5.4", 4, 10, "4", "6"),
        ],
        FORMULAS,
    )
    assert [(one.number, one.gain, one.dossiers) for one in found] == [
        ("3.3", Decimal("4.80"), 4),
        ("2.1", Decimal(4), 2),
        ("5.4", Decimal(2), 3),
        ("4.5", Decimal(0), 0),
        ("1.4", None, None),
    ]
    by_number: dict[str, Gain] = {one.number: one for one in found}
    assert (by_number["2.1"].each, by_number["3.3"].each) == (Decimal("2.00"), Decimal("1.20"))
    assert by_number["1.4"].remark == "?"


async def test_officers_are_counted_by_whom_they_accepted_for_the_agency_that_posts_them() -> None:
    day = PERIOD.begin.date()
    first = Posting(
        account="cc-01", name="Lê Thị Mẫu", title="Chuyên viên", organisation=ONE_STOP, level="commune",
        sent_by=AGENCIES[1], in_force_from=day.replace(day=22),
    )  # fmt: skip
    over = first.model_copy(
        update={"account": "cc-02", "in_force_until": day, "in_force_from": day.replace(month=1)}
    )
    accounts = {f"id-{number}": ("cc-01", "cc-07")[number % 2] for number in range(59)}

    async def told() -> AsyncIterator[Life]:
        for one in lives():
            yield one

    counting = Counting(FORMULAS, PERIOD, load_book(), ONE_STOP)
    sheet = OfficerSheet(
        Roster([first, over]), ONE_STOP, PERIOD, lambda life: accounts.get(life.dossier, "-")
    )
    rows = await counting.count(told(), sheet)
    found = {str(row["account"]): row for row in rows}
    assert set(found) == {"cc-01", "cc-07", "-"}
    assert (found["cc-01"]["sent_by"], found["cc-01"]["days"], found["cc-01"]["received"]) == (
        AGENCIES[1],
        10,
        30,
    )
    assert (found["cc-07"]["sent_by"], found["cc-07"]["days"]) == (ONE_STOP, 0)
    assert found["-"]["received"] == 1
