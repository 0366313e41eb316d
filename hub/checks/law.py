"""The law as data: days off are known far enough ahead for due times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from hub.checks.check import Check, Finding
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook

LEAST_DAYS = 548
"""Eighteen months, as the first alert on `hub_calendar_days_left`: long procedures end so far ahead."""


def calendar_check(book: LawBook) -> Check:
    """By the calendar that is in force when it is asked."""

    async def look() -> Sequence[Finding]:
        today = local_day(datetime.now(UTC))
        return calendar_findings(book.in_force(today).calendar.last_day, today)

    return Check("calendar", "days off are known for the next 18 months", look, ends_start=False)


def calendar_findings(last_day: date, today: date) -> list[Finding]:
    """What is wrong as of today (pure)."""
    left = (last_day - today).days
    if left >= LEAST_DAYS:
        return []
    remedy = "install a version of the hub, or a calendar of the site, with the next year's days off"
    return [Finding(f"days off are known for {left} days only, until {last_day.isoformat()}", remedy)]
