"""A report as a table for programs; no cell starts a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal

import xlsxwriter

from hub.reports.measures import Period

COLUMNS = (
    "group", "number", "title", "numerator", "denominator", "value", "unit", "points", "most", "remark",
)  # fmt: skip
_WIDTHS = (26, 8, 48, 12, 12, 10, 14, 8, 8, 48)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets read the letters."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_text(row[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(rows: Sequence[Mapping[str, object]], period: Period, title: str) -> bytes:
    """Numbers as numbers, all else as text; dated by the period, so the same rows give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "created": datetime.combine(period.begin.date(), time())})
    sheet = book.add_worksheet("Báo cáo")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True, "text_wrap": True})
    for column, (name, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(COLUMNS):
            value = row[name]
            if isinstance(value, int | Decimal):
                sheet.write_number(number, column, float(value))
            elif value is not None:
                sheet.write_string(number, column, str(value))
    book.close()
    return out.getvalue()


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | Decimal)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) and not is_number and text != "-" else text
