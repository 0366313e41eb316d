"""Which reports of the regulation are due on a day: whose, of which period, until when (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.clock import local_day
from hub.regulation.errors import CalendarYearError
from hub.regulation.law import Law
from hub.regulation.organisations import ONE_STOPS, Organisation, Organisations
from hub.regulation.sections import Every, PeriodicReport

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LOOK_BACK = timedelta(days=400)
"""What was due longer ago, while nothing ran, is made by hand."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period of the calendar by its name (`2026-10`, `2026-Q3`, `2026`), with its days."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """One report of one period: `organisation` is whose it is, `about` whose dossiers, `to` who gets it."""

    report: PeriodicReport
    span: Span
    organisation: str
    about: str | None
    to: str

    @property
    def matter(self) -> str:
        """Its name without `ref:`."""
        return f"reports/{self.organisation}/{self.report.name}/{self.span.name}"


Due = tuple[PeriodicReport, Span]
"""A report and a period of it whose day has come."""


def periods_due(law: Law, now: datetime, since: date) -> Iterator[Due]:
    """All whose day has come; of periods with a day on which there was something on record (`since`)."""
    begin = max(since, local_day(now) - _LOOK_BACK)
    for report in law.profile.reports:
        for span in spans(report.every, begin, local_day(now)):
            due = due_from(law.calendar, report, span)
            if due is not None and due <= now:
                yield report, span


def reports_of(periods: Iterable[Due], organisations: Organisations) -> Iterator[PlannedReport]:
    """Those of all organisations, in the order of the periods."""
    for report, span in periods:
        yield from _planned(report, span, organisations)


def spans(every: Every, begin: date, today: date) -> Iterator[Span]:
    """Those that are over today and did not end before `begin`, in their order."""
    months = _MONTHS[every]
    first = date(begin.year, (begin.month - 1) // months * months + 1, 1)
    while (following := _months_after(first, months)) <= today:
        yield Span(_name_of(every, first), first, following - timedelta(days=1))
        first = following


def due_from(calendar: WorkingCalendar, report: PeriodicReport, span: Span) -> datetime | None:
    """Opening of the working day; None where the calendar does not reach so far."""
    try:
        return calendar.opening(calendar.working_day_after(span.last, report.working_days))
    except CalendarYearError:
        return None


def _planned(report: PeriodicReport, span: Span, organisations: Organisations) -> Iterator[PlannedReport]:
    """Of the organisations that are there on the last day of the period."""
    there = [one for one in organisations.records if one.is_there(span.last)]
    for one in there:
        if report.scope == "province":
            if (one.kind, one.level) == ("office", "province"):
                yield PlannedReport(report, span, one.code, None, one.code)
        elif one.kind in ONE_STOPS:
            yield PlannedReport(report, span, one.code, one.code, _receiver(report, one))


def _receiver(report: PeriodicReport, one_stop: Organisation) -> str:
    is_above = report.to == "above" and one_stop.parent is not None
    return str(one_stop.parent) if is_above else one_stop.code


def _name_of(every: Every, first: date) -> str:
    if every == "year":
        return f"{first.year}"
    return f"{first:%Y-%m}" if every == "month" else f"{first.year}-Q{(first.month + 2) // 3}"


def _months_after(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)
