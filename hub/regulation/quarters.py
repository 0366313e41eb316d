"""Quarters of the calendar, as `2026-Q3`, and until when one is settled (Điều 9.10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.profile import Profile

_MONTHS = 3


def end_of(quarter: str) -> date:
    """Its last day."""
    year, number = int(quarter[:4]), int(quarter[-1])
    month = number * _MONTHS
    first_after = date(year + month // 12, month % 12 + 1, 1)
    return first_after - timedelta(days=1)


def after(quarter: str) -> str:
    """The next one."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return f"{year}-Q{number + 1}" if number < 4 else f"{year + 1}-Q1"


def ended_before(day: date) -> str:
    """The last one that is over on this day."""
    number = (day.month + _MONTHS - 1) // _MONTHS - 1
    return f"{day.year}-Q{number}" if number else f"{day.year - 1}-Q4"


def days_of(quarter: str) -> tuple[date, date]:
    """Its first day, and the first day after it."""
    last = end_of(quarter)
    return date(last.year, last.month - _MONTHS + 1, 1), last + timedelta(days=1)


def settlement_limit(calendar: WorkingCalendar, profile: Profile, quarter: str) -> datetime | None:
    """Closing of the last working day for it; None where the profile gives no time."""
    days = profile.settlement.limit_working_days
    if days is None:
        return None
    return calendar.closing(calendar.working_day_after(end_of(quarter), days))
