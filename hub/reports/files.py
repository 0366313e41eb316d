"""A report as a table for programs; no cell starts a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal

import orjson
import xlsxwriter

from hub.reports.asked import CountedReport
from hub.reports.paper import as_pdf

_WIDTHS = {"group": 26, "title": 48, "remark": 48, "unit": 14, "procedure": 16, "name": 28}
_CODES = {
    "dossier": 28,
    "agency": 18,
    "organisation": 18,
    "sent_by": 18,
    "due_at": 22,
    "ended_at": 22,
    "settled_at": 22,
}
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(made: CountedReport) -> bytes:
    """UTF-8 with its mark, so that spreadsheets read the letters."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(made.columns)
    for row in made.rows:
        writer.writerow([_text(row[name]) for name in made.columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(made: CountedReport) -> bytes:
    """Numbers as numbers, all else as text; dated by the period, so the same rows give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    title = made.formulas.decision if made.formulas is not None else made.kind
    book.set_properties({"title": title, "created": datetime.combine(made.period.begin.date(), time())})
    sheet = book.add_worksheet("Báo cáo")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True, "text_wrap": True})
    for column, name in enumerate(made.columns):
        sheet.set_column(column, column, (_WIDTHS | _CODES).get(name, 12))
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(made.rows, start=1):
        for column, name in enumerate(made.columns):
            value = row[name]
            if isinstance(value, int | Decimal):
                sheet.write_number(number, column, float(value))
            elif value is not None:
                sheet.write_string(number, column, _plain_text(value))
    book.close()
    return out.getvalue()


def as_json(made: CountedReport) -> bytes:
    """The rows with their period, and the formulas where points are in it."""
    whole: dict[str, object] = {
        "report": made.kind,
        "from": made.period.begin.isoformat(),
        "to": made.period.end.isoformat(),
        "counted_until": made.period.until.isoformat(),
    }
    if made.formulas is not None:
        whole |= {"formulas": made.formulas.ref, "decision": made.formulas.decision}
    whole["lines"] = [{name: plain(row[name]) for name in made.columns} for row in made.rows]
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n"


def plain(value: object) -> object:
    """As JSON has it; times in UTC."""
    if isinstance(value, Decimal):
        return float(value)
    return _plain_text(value) if isinstance(value, datetime) else value


def _plain_text(value: object) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _text(value: object) -> str:
    text = "" if value is None else _plain_text(value)
    is_number = isinstance(value, int | Decimal)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) and not is_number and text != "-" else text


FORMATS: Mapping[str, Callable[[CountedReport], bytes]] = {
    "json": as_json,
    "csv": as_csv,
    "xlsx": as_xlsx,
    "pdf": as_pdf,
}
"""By the ending of a file's name."""
