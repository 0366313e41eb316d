"""The register as files: a table for programs, and PDF/A."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from hub.forms.case_file import Letterhead
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet
from hub.forms.register import HEADINGS, RegisterRow
from hub.forms.signs import seen
from hub.forms.typesetting import as_pdf, made_at
from hub.regulation.clock import VIETNAM
from hub.regulation.sections import Form

_WIDTHS = (6, 26, 40, 9, 26, 40, 34, 17, 17, 17, 17, 17, 30, 26, 20)
MOST_IN_SHEET = 1_048_575
"""Rows that XLSX has below the headings; what is beyond is dropped without a word."""
MOST_IN_PDF = 5_000
"""Rows of a PDF; of more only a table for programs is made."""


class RegisterBook:
    """The register as XLSX, written row by row in little memory; every cell is text, and none a formula."""

    def __init__(self, into: Path, first: date) -> None:
        self._into = into
        self._book = xlsxwriter.Workbook(str(into), {"constant_memory": True})
        self._book.set_properties({"created": datetime.combine(first, time())})
        self._sheet = self._book.add_worksheet("Sổ theo dõi hồ sơ")
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.freeze_panes(1, 0)
        bold = self._book.add_format({"bold": True, "text_wrap": True})
        for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, heading, bold)
        self.rows = 0

    def add(self, row: RegisterRow) -> None:
        """The next row; `FormError` beyond those that a sheet has."""
        if self.rows == MOST_IN_SHEET:
            raise FormError(f"more than {MOST_IN_SHEET} rows: give fewer days")
        self.rows += 1
        for column, cell in enumerate(row.cells(self.rows)):
            if cell:
                self._sheet.write_string(self.rows, column, seen(cell))

    def close(self) -> None:
        """Finish the file."""
        self._book.close()

    def discard(self) -> None:
        """Leave no file behind."""
        self._book.close()
        self._into.unlink()


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
