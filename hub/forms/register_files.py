"""The register as files: a table for programs, and PDF/A."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from string import ascii_uppercase
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter

from hub.forms.case_file import Letterhead
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet
from hub.forms.register import HEADINGS, RegisterRow
from hub.forms.signs import seen
from hub.forms.typesetting import as_pdf, made_at
from hub.regulation.clock import VIETNAM
from hub.regulation.sections import Form

_SHEET = "xl/worksheets/sheet1.xml"
_DATED = (1980, 1, 1, 0, 0, 0)
"""Of the parts of the file: the same rows give the same bytes."""
_LEVEL = 1
_CELL = '<c r="{letter}{{0}}" t="inlineStr"><is><t xml:space="preserve">{{{at}}}</t></is></c>'
_AT_ONCE = 200
"""Rows that go into the file together."""
_WIDTHS = (6, 26, 40, 9, 26, 40, 34, 17, 17, 17, 17, 17, 30, 26, 20)
MOST_IN_SHEET = 1_048_575
"""Rows that XLSX has below the headings; what is beyond is dropped without a word."""
MOST_IN_PDF = 5_000
"""Rows of a PDF; of more only a table for programs is made."""


class RegisterBook:
    """The register as XLSX, written row by row in little memory; every cell is text, and none a formula.

    The workbook with its headings is made once; rows go into its sheet as they come.
    """

    def __init__(self, into: Path, first: date) -> None:
        self._into = into
        self.rows = 0
        self._file = ZipFile(into, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        with ZipFile(_headed(first)) as headed:
            for name in headed.namelist():
                if name != _SHEET:
                    self._file.writestr(ZipInfo(name, _DATED), headed.read(name), ZIP_DEFLATED)
            before, self._end, after = headed.read(_SHEET).decode().partition("</sheetData>")
        self._end += after
        sheet = ZipInfo(_SHEET, _DATED)
        sheet.compress_type = ZIP_DEFLATED
        self._sheet = self._file.open(sheet, "w", force_zip64=True)
        self._waiting = [before]

    def add(self, row: RegisterRow) -> None:
        """The next row; `FormError` beyond those that a sheet has."""
        if self.rows == MOST_IN_SHEET:
            raise FormError(f"more than {MOST_IN_SHEET} rows: give fewer days")
        self.rows += 1
        cells = _shown(row.cells(self.rows))
        self._waiting.append(_row(tuple(map(bool, cells))).format(self.rows + 1, *cells))
        if len(self._waiting) == _AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._sheet.write("".join(self._waiting).encode())
        self._waiting.clear()

    def close(self) -> None:
        """Finish the file."""
        self._waiting.append(self._end)
        self._write()
        self._sheet.close()
        self._file.close()

    def discard(self) -> None:
        """Leave no file behind."""
        self._sheet.close()
        self._file.close()
        self._into.unlink()


def _shown(cells: Sequence[str]) -> Sequence[str]:
    """As XML has them; most rows have no sign that stands otherwise, which one look at all of it tells."""
    text = "".join(cells)
    if text.isprintable() and not ("&" in text or "<" in text or ">" in text):
        return cells
    return [escape(seen(cell)) for cell in cells]


@cache
def _row(has_text: Sequence[bool]) -> str:
    """The XML of a row with text in these cells, for `format`: its number, then all cells."""
    cells = (
        _CELL.format(letter=letter, at=at)
        for at, (letter, is_there) in enumerate(zip(ascii_uppercase, has_text, strict=False), start=1)
        if is_there
    )
    return f'<row r="{{0}}">{"".join(cells)}</row>'


def _headed(first: date) -> BytesIO:
    """The workbook without its rows."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime.combine(first, time())})
    sheet = book.add_worksheet("Sổ theo dõi hồ sơ")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True, "text_wrap": True})
    for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, heading, bold)
    book.close()
    return out


def register_pdf(
    form: Form,
    form_set: FormSet,
    head: Letterhead,
    rows: Sequence[RegisterRow],
    first: date,
    last: date,
) -> bytes:
    """The register as PDF/A, A4 across, dated by its last day; `FormError` for more rows than it may have."""
    if len(rows) > MOST_IN_PDF:
        raise FormError(f"{len(rows)} rows: a PDF has {MOST_IN_PDF} at most, write .xlsx or fewer days")
    content: dict[str, Any] = {
        "title": form.vi,
        "above": head.above,
        "one_stop": head.name,
        "first": f"{first:%d/%m/%Y}",
        "last": f"{last:%d/%m/%Y}",
        "rows": [row.cells(serial) for serial, row in enumerate(rows, start=1)],
    }
    dated = made_at(datetime.combine(last, time(), VIETNAM))
    return as_pdf(form_set.files, form_set.template(form), content, dated)
