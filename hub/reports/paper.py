"""A report as a paper that the head of an office signs: A4, with bars beside the numbers (pure)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from hub.forms import typesetting
from hub.forms.case_file import letterheads
from hub.regulation.clock import VIETNAM, local_day
from hub.regulation.errors import UnknownProvisionError
from hub.regulation.norms import provision
from hub.reports.asked import CountedReport
from hub.reports.errors import ReportError
from hub.reports.work import COUNTS, OTHERS, longest_first

MOST_ROWS = 5_000
"""Of a paper; of more there are tables for programs."""
MOST_LATE = 500
"""Dossiers on the list of those that were late: of more it says how many there are."""
MOST_NAMED = 500
"""Of agencies, accounts or settlements, which participants name: all others are counted together."""
_MANY = "…"
_MOST_WORDS = 400
"""Signs of each one's Form 04 on that list: the form itself has all of them."""
_TEMPLATES = {"766": "indicators.typ", "gains": "gains.typ", "work": "work.typ", "late": "late.typ",
              "settlement": "settlement.typ", "officers": "officers.typ"}  # fmt: skip
Content = dict[str, Any]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    text = files("hub.reports").joinpath("paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _templates() -> Mapping[str, bytes]:
    folder = files("hub.reports") / "papers"
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(".typ")}


def as_pdf(made: CountedReport) -> bytes:
    """PDF/A-2u, dated by the moment up to which was counted: the same report gives the same bytes.

    Raises as `sheet_of`.
    """
    return typesetting.typeset(sheet_of(made))


def sheet_of(made: CountedReport) -> typesetting.Sheet:
    """What the paper is made of; `ReportError` for more rows than a paper may have."""
    if made.kind not in _TEMPLATES:
        raise ReportError("no paper is made of it, ask for .json, .csv or .xlsx", "format")
    if len(made.rows) > MOST_ROWS and made.kind != "late":
        why = f"{len(made.rows)} rows: a PDF has {MOST_ROWS} at most, ask for .xlsx or .csv"
        raise ReportError(why, "format", "range")
    dated = typesetting.made_at(made.period.until)
    return typesetting.Sheet(_templates(), _TEMPLATES[made.kind], content_of(made), dated)


def content_of(made: CountedReport) -> Content:
    """What the template gets."""
    words, period = _words(), made.period
    last = local_day(period.end).toordinal() - 1
    office = made.office or made.organisation
    head = letterheads(made.known)(office, _day(made)) if office is not None else None
    common: Content = {
        "title": words["title"][made.kind],
        "basis": _basis(made),
        "above": head.above if head is not None else None,
        "office": head.name if head is not None else None,
        "first": f"{local_day(period.begin):%d/%m/%Y}",
        "last": f"{date.fromordinal(last):%d/%m/%Y}",
        "until": _moment(period.until) if period.until < period.end else None,
        "by": words["by"][made.by],
        "formulas": made.formulas.ref if made.formulas is not None else None,
    }
    return common | _FILLED[made.kind](made)


def _basis(made: CountedReport) -> str:
    """What asks for it, as the law is cited; the rule itself where no text has it."""
    if made.rule is None:
        return _words()["basis"][made.kind]
    try:
        place = provision(made.rule)
    except UnknownProvisionError:
        return made.rule
    return place.vi if place.norm.prefix else f"{place.vi} {_words()['law']['regulation']}"


def _day(made: CountedReport) -> date:
    return min(local_day(made.period.until), date.fromordinal(local_day(made.period.end).toordinal() - 1))


def group_name(made: CountedReport, group: str) -> str:
    """How a group stands on paper: an organisation by its name and code."""
    if group == OTHERS:
        return _others(made, "group")
    if made.by in {"organisation", "agency"} and group != "-":
        name = letterheads(made.known)(group, _day(made)).name
        return f"{name} ({group})" if name != group else group
    return _words()["group"].get(group, group)


def _others(made: CountedReport, what: str) -> str:
    """How many stand in one row, in words."""
    return _words()["others"][what].format(count=made.left_out)


def _indicators(made: CountedReport) -> Content:
    return {"groups": [_scored(made, group, list(rows)) for group, rows in _grouped(made)]}


def _scored(made: CountedReport, group: str, rows: Sequence[Mapping[str, Any]]) -> Content:
    known = [row for row in rows if row["points"] is not None]
    return {
        "name": group_name(made, group),
        "points": _number(sum((row["points"] for row in known), Decimal())),
        "most": _number(sum((row["most"] for row in known), Decimal())),
        "rows": [
            {
                "number": row["number"],
                "title": row["title"],
                "counted": _counted(row),
                "value": _value(row),
                "points": _number(row["points"]),
                "most": _number(row["most"]),
                "share": float(row["points"] / row["most"]) if row["points"] is not None else None,
                "remark": _remark(made, row),
            }
            for row in rows
        ],
    }


def _gains(made: CountedReport) -> Content:
    return {
        "groups": [
            {
                "name": group_name(made, group),
                "rows": [
                    {
                        "number": row["number"],
                        "title": row["title"],
                        "gain": _number(row["gain"]),
                        "points": _number(row["points"]),
                        "most": _number(row["most"]),
                        "share": float(row["gain"] / row["most"]) if row["gain"] is not None else None,
                        "dossiers": row["dossiers"],
                        "each": _number(row["each"]),
                        "remark": _remark(made, row),
                    }
                    for row in rows
                ],
            }
            for group, rows in _grouped(made)
        ]
    }


def _work(made: CountedReport) -> Content:
    counts = [[int(str(row[name])) for name in COUNTS] for row in made.rows]
    return {
        "headings": [_words()["count"][name] for name in COUNTS],
        "rows": [
            {
                "name": group_name(made, str(row["group"])),
                "counts": [str(count) for count in found],
                "bar": _bar(row),
            }
            for row, found in zip(made.rows, counts, strict=True)
        ],
        "sums": [str(sum(column)) for column in zip(*counts, strict=True)],
    }


def _bar(row: Mapping[str, Any]) -> list[float]:
    """Shares of what was handled: ended in time, open in time, late."""
    whole = row["ended"] + row["open"]
    late = row["ended_late"] + row["open_late"]
    parts = (row["ended_in_time"], row["open"] - row["open_late"], late)
    return [part / whole for part in parts] if whole else []


def _late(made: CountedReport) -> Content:
    at, rows = letterheads(made.known), longest_first(made.rows)
    shown = rows[:MOST_LATE]
    return {
        "whole": made.left_out + len(rows),
        "rows": [
            {
                "code": row["dossier"],
                "procedure": row["procedure"],
                "agency": at(str(row["agency"]), _day(made)).name,
                "due_at": _moment(row["due_at"]),
                "ended_at": _moment(row["ended_at"]),
                "why": [str(row[name]) for name in ("supplements", "apologies", "opinions")],
                "words": _shortened(row.get("words") or ""),
            }
            for row in shown
        ],
    }


def _shortened(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else f"{words[: _MOST_WORDS - 1].rstrip()}…"


def _settlement(made: CountedReport) -> Content:
    words = _words()["charge"]
    names = ("collected", "handed_over", "difference")
    sums = [sum(int(str(row[name])) for row in made.rows) for name in names]
    return {
        "rows": [
            {
                **_parties(made, row),
                "quarter": str(row["quarter"]) or _MANY,
                "kind": words[str(row["kind"])],
                "receipts": str(row["receipts"]),
                "sums": [_dong(row[name]) for name in names],
                "settled_at": _moment(row["settled_at"]),
                "is_late": row["is_late"] == "yes",
            }
            for row in made.rows
        ],
        "sums": [_dong(one) for one in sums],
    }


def _parties(made: CountedReport, row: Mapping[str, Any]) -> Content:
    if row["agency"] == OTHERS:
        return {"organisation": _MANY, "agency": _others(made, "settlement")}
    at = letterheads(made.known)
    return {name: at(str(row[name]), _day(made)).name for name in ("organisation", "agency")}


def _officers(made: CountedReport) -> Content:
    at, words = letterheads(made.known), _words()
    senders = groupby(made.rows, lambda row: str(row["sent_by"]))
    return {
        "headings": [words["count"][name] for name in COUNTS],
        "senders": [
            {
                "name": at(sender, _day(made)).name,
                "officers": [
                    {
                        "name": _others(made, "account") if row["account"] == OTHERS else row["name"],
                        "account": row["account"] or _MANY,
                        "position": words["position"][str(row["position"])],
                        "days": str(row["days"]),
                        "counts": [str(row[name]) for name in COUNTS],
                        "bar": _bar(row),
                    }
                    for row in rows
                ],
            }
            for sender, rows in senders
        ],
    }


def _grouped(made: CountedReport) -> Any:
    return groupby(made.rows, lambda row: str(row["group"]))


def _remark(made: CountedReport, row: Mapping[str, Any]) -> str:
    """What the hub cannot know is named as people call it."""
    assert made.formulas is not None
    asked = made.formulas.find(row["number"]).denominator_inputs
    if not asked or "--input" not in row["remark"]:
        return str(row["remark"])
    return f"cần số liệu: {', '.join(_words()['input'].get(name, name) for name in asked)}"


def _counted(row: Mapping[str, Any]) -> str:
    parts = (row["numerator"], row["denominator"])
    return "/".join(str(part) for part in parts if part is not None)


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return ""
    unit = row["unit"]
    return f"{_number(row['value'])} {_words()['unit'].get(unit, unit)}"


def _number(value: Decimal | None) -> str | None:
    """Two decimals behind a comma, as Vietnamese has them."""
    return None if value is None else f"{value:.2f}".replace(".", ",")


def _dong(amount: object) -> str:
    return f"{int(str(amount)):,}".replace(",", ".")


def _moment(at: object) -> str | None:
    return f"{at.astimezone(VIETNAM):%H:%M %d/%m/%Y}" if isinstance(at, datetime) else None


_FILLED = {
    "766": _indicators,
    "gains": _gains,
    "work": _work,
    "late": _late,
    "settlement": _settlement,
    "officers": _officers,
}
