"""How a due time came about, day by day: what an officer or a lawyer would count with a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.catalogue import HandlingTime, TimeUnit
from hub.regulation.clock import local_day

WhyOff = Literal["weekend", "day_off"]


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day that was not counted, or could not be the last one; `name` of a statutory day off."""

    day: date
    why: WhyOff
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """`counted` days lie in (start, due]: working days, or days of the calendar by the unit of the time.

    `off`, ascending: of working days and hours all days off in between; of days and months only those right
    before the last day, over which an end moves to the next working day (BLDS 2015 Điều 148).
    """

    counted: int
    off: tuple[DayOff, ...]


def count(calendar: WorkingCalendar, handling: HandlingTime, start: datetime, due: datetime) -> Count:
    """Count again; the day of `start` is not counted. Raises CalendarYearError outside of the calendar."""
    first, last = local_day(start), local_day(due)
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    off = tuple(_day_off(calendar, day) for day in days if not calendar.is_working_day(day))
    if handling.unit in {TimeUnit.WORKING_DAY, TimeUnit.HOUR}:
        return Count(len(days) - len(off), off)
    return Count(len(days), tuple(one for one in off if calendar.working_day_from(one.day) == last))


def _day_off(calendar: WorkingCalendar, day: date) -> DayOff:
    name = calendar.name_of_day_off(day)
    return DayOff(day, "weekend") if name is None else DayOff(day, "day_off", name)
