"""Which report somebody asks for, and what is found: rows under columns, before they become a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from hub.facts.integrity import StoreKey
from hub.participants import register_editions
from hub.postgres.database import Connection
from hub.regulation import organisations
from hub.regulation.clock import VIETNAM, local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.reports.counting import Counting, group_of
from hub.reports.errors import ReportError
from hub.reports.formula_sets import FormulaSet, installed_formulas
from hub.reports.gains import gains
from hub.reports.measures import Period
from hub.reports.report import By, period_of
from hub.reports.settlement import SettlementSheet, read_settlements
from hub.reports.stored import lives
from hub.reports.work import COUNTS, LateList, WorkSheet

Kind = Literal["766", "gains", "work", "late", "settlement", "explain"]
NEWEST = "766-2026@1"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "766": (
        "group", "number", "title", "numerator", "denominator", "value", "unit", "points", "most", "remark",
    ),
    "gains": ("group", "number", "title", "gain", "points", "most", "dossiers", "each", "remark"),
    "work": ("group", *COUNTS),
    "late": (
        "dossier", "agency", "organisation", "procedure", "due_at", "ended_at", "supplements", "apologies",
        "opinions",
    ),
    "settlement": (
        "organisation", "agency", "quarter", "kind", "receipts", "collected", "handed_over", "difference",
        "settled_at", "is_late",
    ),
    "explain": (
        "dossier", "counts_as", "of", "accepted_at", "due_at", "ended_at", "organisation", "procedure",
        "supplements",
    ),
    "officers": ("sent_by", "organisation", "account", "name", "position", "days", *COUNTS),
}  # fmt: skip
"""Of each kind of report."""
MADE, REFUSED, ALTERED = b"+", b"-", b"!"
"""What the answer of a process that makes reports begins with."""


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class WantedReport:
    """`first` to `last` are whole days of Viet Nam; `told_to`: only what this participant was told of."""

    kind: Kind
    first: date
    last: date
    by: By = "all"
    organisation: str | None = None
    inputs: Mapping[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    formulas: str = NEWEST
    english: bool = False
    told_to: str | None = None
    number: str | None = None
    """The indicator that is explained."""


@dataclass(frozen=True, slots=True)
class CountedReport:
    """A report: `formulas` where points are in it, `known` for the names of organisations."""

    kind: str
    period: Period
    rows: list[dict[str, object]]
    by: By = "all"
    organisation: str | None = None
    formulas: FormulaSet | None = None
    known: Organisations = field(default_factory=Organisations)
    rule: str | None = None
    """What asks for it, where that is not what a report of its kind is for in general."""
    office: str | None = None
    """At the head of the paper, where that is not the organisation whose dossiers are counted."""
    left_out: int = 0
    """What has no row of its own among these: a paper has so many."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the rows."""
        return COLUMNS[self.kind]


@dataclass(frozen=True, slots=True)
class Sources:
    """What reports are made from; `now` is the legal time."""

    connection: Connection
    key: StoreKey
    book: LawBook
    now: datetime


async def make(sources: Sources, asked: WantedReport) -> CountedReport:
    """Count; `ReportError` says in one line what cannot be counted so."""
    formulas = formulas_of(asked.formulas)
    if unknown := sorted(asked.inputs.keys() - formulas.inputs):
        raise ReportError(f"{unknown[0]}: only {', '.join(sorted(formulas.inputs))} are asked for", "input")
    period = period_of_days(asked.first, asked.last, sources.now)
    known = await known_organisations(sources.connection, sources.key)
    counting = Counting(formulas, period, sources.book, asked.organisation)
    found = lives(sources.connection, sources.key, period.until, asked.told_to)
    group = group_of(asked.by, known)
    rows: list[dict[str, object]]
    if asked.kind == "work":
        rows = await counting.count(found, WorkSheet(group))
    elif asked.kind == "late":
        rows = await counting.count(found, LateList())
    elif asked.kind == "settlement":
        settled = SettlementSheet(period, asked.organisation, asked.told_to)
        await read_settlements(sources.connection, sources.key, [settled])
        rows = settled.rows()
    elif asked.kind == "explain":
        rows = await _listed(counting.explain(found, formulas.find(asked.number or "")))
    else:
        figures = (await counting.tally(found, group)).lines(dict(asked.inputs), english=asked.english)
        rows = [asdict(one) for one in (figures if asked.kind == "766" else gains(figures, formulas))]
    used = formulas if asked.kind in {"766", "gains", "explain"} else None
    return CountedReport(asked.kind, period, rows, asked.by, asked.organisation, used, known)


async def known_organisations(connection: Connection, key: StoreKey) -> Organisations:
    """Those that were imported, if any."""
    found = await register_editions.stored(connection, key, "organisations")
    return organisations.from_json(found.content) if found is not None else Organisations()


def formulas_of(name: str) -> FormulaSet:
    """By `id@version`; `ReportError` names those that there are."""
    known = installed_formulas()
    if name not in known:
        raise ReportError(f"no formulas {name}: one of {', '.join(sorted(known))}")
    return known[name]


def period_of_days(first: date, last: date, now: datetime) -> Period:
    """Whole days of Viet Nam; `ReportError` for one that has not begun or ends before it begins."""
    today = local_day(now)
    if first > last:
        raise ReportError("the first day is the last one or one before it", "to", "range")
    if first > today:
        why = f"the period begins on {first}, and today is {today}: there is nothing to count yet"
        raise ReportError(why, "from", "range")
    if last == date.max:
        raise ReportError("the last day has a day after it", "to", "range")
    begin, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
    return period_of(begin, end, now)


async def _listed(rows: AsyncIterator[dict[str, object]]) -> list[dict[str, object]]:
    return [row async for row in rows]
