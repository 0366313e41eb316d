"""Form 06: a row of the register by the facts, and the book that programs read."""

from __future__ import annotations

import tracemalloc
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from hub.forms.case_file import CaseFile, letterheads, short_name
from hub.forms.errors import FormError
from hub.forms.register import HEADINGS, RegisterRow, register_row
from hub.forms.register_files import MOST_IN_PDF, MOST_IN_SHEET, RegisterBook, register_pdf
from hub.regulation.organisations import Organisation, Organisations
from tests.support.forms import case, form, form_set, sample, text_of


def lived(*without: str) -> CaseFile:
    """The invented dossier, without these facts."""
    made = case()
    return replace(made, facts=[fact for fact in made.facts if short_name(fact) not in without])


def row(made: CaseFile) -> RegisterRow:
    return register_row(made, form_set(), is_erased=False)


def test_a_row_has_what_the_facts_say() -> None:
    found = row(lived("dossier.declined", "dossier.withdrawn"))
    assert found.code == "000.12.34.H07-260105-0001"
    assert (found.person, found.agency) == ("Nguyễn Văn Thử", "Ủy ban nhân dân xã Mẫu")
    assert found.address.endswith("tỉnh Bến Tre, 0900000001")
    assert (found.accepted, found.due) == ("05/01/2026 08:20", "06/01/2026 08:20")
    assert (found.issued, found.returned) == ("07/01/2026 10:30", "07/01/2026 16:10")
    assert (found.channel, found.received_by) == ("nhà, qua dịch vụ bưu chính công ích", "Nguyễn Văn Thử")
    assert found.note == "Quá hạn"


def test_what_has_not_happened_yet_is_blank() -> None:
    found = row(lived("dossier.declined", "dossier.withdrawn", "result.issued", "result.returned"))
    assert (found.forwarded, found.issued, found.returned, found.channel, found.received_by, found.note) == (
        ("",) * 6
    )


def test_a_declined_dossier_is_told_in_the_note() -> None:
    assert row(lived("result.issued", "result.returned")).note == "Từ chối giải quyết"


def test_of_an_erased_dossier_nothing_personal_is_known() -> None:
    made = lived("dossier.declined", "dossier.withdrawn")
    for fact in made.facts:
        fact["data"].pop("applicant", None)
    found = register_row(made, form_set(), is_erased=True)
    assert (found.person, found.address, found.code) == ("(đã xóa)", "", "000.12.34.H07-260105-0001")


def written(folder: Path, *rows: RegisterRow) -> list[list[Any]]:
    book = RegisterBook(folder / "register.xlsx", date(2026, 1, 5))
    for one in rows:
        book.add(one)
    book.close()
    return CalamineWorkbook.from_path(str(folder / "register.xlsx")).get_sheet_by_index(0).to_python()


def test_the_book_has_a_row_of_text_for_each_dossier(tmp_path: Path) -> None:
    one = row(lived())
    headings, first, second = written(tmp_path, one, one)
    assert headings == list(HEADINGS)
    assert first == ["1", *one]
    assert second[0] == "2"


@pytest.mark.parametrize(
    "evil", ["=1+1", "+84900000000", "-1", "@SUM(A1)", "=cmd|'/c calc'!A0", "http://x.vi-du"]
)
def test_no_cell_starts_a_formula_or_a_link(tmp_path: Path, evil: str) -> None:
    _, found = written(tmp_path, row(lived())._replace(person=evil))
    assert found[4] == evil
    with zipfile.ZipFile(tmp_path / "register.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet


def test_the_same_rows_give_the_same_book(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, row(lived()))
        contents.append((tmp_path / name / "register.xlsx").read_bytes())
    assert contents[0] == contents[1]


def test_a_book_keeps_no_text_of_its_rows_in_memory(tmp_path: Path) -> None:
    book, one = RegisterBook(tmp_path / "register.xlsx", date(2026, 1, 5)), row(lived())
    tracemalloc.start()
    try:
        for _ in range(200):
            book.add(one)
        before, _peak = tracemalloc.get_traced_memory()
        for _ in range(5_000):
            book.add(one)
        after, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        book.close()
    assert after - before < 5_000 * 100  # the text of a row takes thousands of bytes


def test_the_pdf_repeats_its_head_on_every_page_and_has_a_limit() -> None:
    assert text_of(sample("06")).count("000.12.34.H07-260105-0001") == 12
    many = [row(lived())] * 40
    head = case().organisation("000.12.34.H07")
    days = date(2026, 1, 5), date(2026, 1, 9)
    text = text_of(register_pdf(form("06"), form_set(), head, many, *days))
    assert text.count("Ký nhận") > 1
    with pytest.raises(FormError, match=r"\.xlsx"):
        register_pdf(form("06"), form_set(), head, many[:1] * (MOST_IN_PDF + 1), *days)


def test_organisations_are_called_as_they_were_imported_for_the_day() -> None:
    def one(code: str, name: str, first: str, until: str | None = None, **more: str) -> Organisation:
        kind = "section" if "parent" in more else "committee"
        return Organisation.model_validate(
            {"code": code, "kind": kind, "level": "commune", "name_vi": name, "in_force_from": first,
             "in_force_until": until} | more
        )  # fmt: skip

    committee, section = "000.12.35.H07", "000.12.34.H07"
    known = letterheads(
        Organisations(
            [
                one(committee, "Ủy ban nhân dân xã Mẫu", "2020-01-01"),
                one(section, "Bộ phận Một cửa xã Mẫu", "2020-01-01", "2025-07-01", parent=committee),
                one(section, "Trung tâm Phục vụ hành chính công xã Mẫu", "2025-07-01", parent=committee),
            ]
        )
    )
    before, after = known(section, date(2025, 6, 30)), known(section, date(2025, 7, 1))
    assert (before.name, before.above) == ("Bộ phận Một cửa xã Mẫu", "Ủy ban nhân dân xã Mẫu")
    assert after.name == "Trung tâm Phục vụ hành chính công xã Mẫu"
    assert known("000.99.99.H07", date(2025, 7, 1)).name == "000.99.99.H07"


def test_papers_are_dated_from_the_place_of_the_office_or_of_the_body_above_it() -> None:
    begin = date(2020, 1, 1)
    above = Organisation(
        code="H07.01", kind="committee", level="commune", name_vi="UB", place="xã Mẫu", in_force_from=begin
    )
    section = Organisation(
        code="H07.02", kind="section", level="commune", name_vi="BP", parent="H07.01", in_force_from=begin
    )
    other = section.model_copy(update={"code": "H07.03", "place": "Mỏ Cày"})
    alone = above.model_copy(update={"code": "H07.04", "place": None})
    known = letterheads(Organisations([above, section, other, alone]))
    places = [known(code, begin).place for code in ("H07.01", "H07.02", "H07.03", "H07.04", "H07.99")]
    assert places == ["xã Mẫu", "xã Mẫu", "Mỏ Cày", None, None]


@pytest.mark.parametrize(
    ("name", "seen"),
    [("A\u202eB", "A[U+202E]B"), ("A\nB\x85C", "A B C"), ("_x202E_", "_x202E_"), ("阮", "阮")],
)
def test_a_cell_is_one_line_in_one_direction(tmp_path: Path, name: str, seen: str) -> None:
    _, found = written(tmp_path, row(lived())._replace(person=name))
    assert found[4] == seen


def test_one_name_does_not_stop_the_register_of_all() -> None:
    rows = [row(lived()), row(lived())._replace(person="\U0001f600 阮")]
    head = case().organisation("000.12.34.H07")
    made = register_pdf(form("06"), form_set(), head, rows, date(2026, 1, 5), date(2026, 1, 9))
    assert "[U+1F600]" in text_of(made).replace(" ", "")


def test_rows_that_a_sheet_does_not_have_are_not_dropped_without_a_word(tmp_path: Path) -> None:
    book = RegisterBook(tmp_path / "register.xlsx", date(2026, 1, 5))
    book.rows = MOST_IN_SHEET
    with pytest.raises(FormError, match="fewer days"):
        book.add(row(lived()))
    book.discard()
