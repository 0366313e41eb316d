"""Working time of the one-stop: pure arithmetic on opening hours and days off, under every deadline."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Literal, Self

from hub.regulation.clock import (
    HOUR_US,
    VIETNAM,
    Number,
    at_clock,
    clock_us,
    hours_us,
    in_viet_nam,
    local_day,
    minutes_us,
)
from hub.regulation.errors import CalendarYearError

DueMode = Literal["end_of_day", "same_clock_time"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class YearTable:
    """One year's days off (weekends aside) and the rest days that are worked in exchange."""

    year: int
    days_off: Mapping[date, str]
    """With the name of each."""
    working_days: Collection[date]
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """One stretch of opening hours; both ends belong to it."""

    opens: time
    closes: time


@lru_cache(maxsize=1024)  # of the few amounts that the law names
def _parted(days: Number, day_us: int) -> tuple[int, Fraction]:
    """Whole days, and the opening hours of what is left of one."""
    whole, part = divmod(Fraction(days), 1)
    return whole, part * Fraction(day_us, HOUR_US)


@dataclass(frozen=True, slots=True, repr=False)
class WorkingCalendar:
    """Opening hours and days off of consecutive years.

    Methods take aware datetimes of any zone and give them in Viet Nam's; a naive one raises ValueError, a
    date outside the years CalendarYearError. The first day is not counted (BLDS 2015 Điều 147). Each call
    is O(1) in the number of days.
    """

    version: str
    provisional_years: frozenset[int]
    _spans: tuple[tuple[int, int], ...]
    """Opening and closing of each session, in microseconds after midnight."""
    _opens: time
    """Of the first session, in Viet Nam's zone."""
    _closes: time
    """Of the last one."""
    _day_us: int
    _first: int
    """Ordinal of the first known day."""
    _days: tuple[int, ...]
    """Ordinals of the working days, ascending."""
    _ranks: tuple[int, ...]
    """For each known day the number of working days before it."""
    _names: Mapping[date, str]
    """What the days off are called."""

    @classmethod
    def build(
        cls,
        version: str,
        years: Iterable[YearTable],
        sessions: Iterable[OpeningHours],
        weekdays: Collection[int] = (1, 2, 3, 4, 5),
        opens_on_swap_days: bool = True,
    ) -> Self:
        """Index the working days; `weekdays` are ISO numbers; raises ValueError for gaps or overlaps."""
        tables = sorted(years, key=lambda table: table.year)
        if not tables or any(after.year != before.year + 1 for before, after in pairwise(tables)):
            raise ValueError("the years of a calendar must be consecutive")
        hours = tuple(sessions)
        spans = tuple((clock_us(session.opens), clock_us(session.closes)) for session in hours)
        edges = [edge for span in spans for edge in span]
        if not edges or any(before >= after for before, after in pairwise(edges)):
            raise ValueError("sessions must be in order and must not overlap")
        off = {day: name for table in tables for day, name in table.days_off.items()}
        swapped = {day for table in tables for day in table.working_days} if opens_on_swap_days else set()
        first, last = date(tables[0].year, 1, 1).toordinal(), date(tables[-1].year, 12, 31).toordinal()
        days: list[int] = []
        ranks: list[int] = []
        for ordinal in range(first, last + 1):
            ranks.append(len(days))
            day = date.fromordinal(ordinal)
            if day in swapped or (day.isoweekday() in weekdays and day not in off):
                days.append(ordinal)
        return cls(
            version=version,
            provisional_years=frozenset(table.year for table in tables if table.is_provisional),
            _spans=spans,
            _opens=hours[0].opens.replace(tzinfo=VIETNAM),
            _closes=hours[-1].closes.replace(tzinfo=VIETNAM),
            _day_us=sum(closes - opens for opens, closes in spans),
            _first=first,
            _days=tuple(days),
            _ranks=tuple(ranks),
            _names=off,
        )

    @property
    def last_day(self) -> date:
        """The last day whose days off are known."""
        return date.fromordinal(self._first + len(self._ranks) - 1)

    def days_left(self, moment: datetime) -> int:
        """How many days after that of `moment` (of Viet Nam) are known; negative when even it is not."""
        return (self.last_day - local_day(moment)).days

    def is_provisional(self, moment: date) -> bool:
        """Whether the days off of this year are not decided yet."""
        return local_day(moment).year in self.provisional_years

    def is_working_day(self, day: date) -> bool:
        """Whether the one-stop opens on this day (of Viet Nam, when a datetime is given)."""
        ordinal = local_day(day).toordinal()
        return self._is_open(ordinal, self._rank(ordinal))

    def name_of_day_off(self, day: date) -> str | None:
        """What a day off is called; None for days of rest of every week, and for working days."""
        return self._names.get(local_day(day))

    def is_working_moment(self, moment: datetime) -> bool:
        """Whether the one-stop is open; the instants of opening and closing belong to the hours."""
        local = in_viet_nam(moment)
        clock = clock_us(local)
        return self.is_working_day(local) and any(opens <= clock <= closes for opens, closes in self._spans)

    def next_opening(self, moment: datetime) -> datetime:
        """The first working moment at or after `moment`: itself when it is one."""
        local = in_viet_nam(moment)
        day = local.date()
        if self.is_working_day(day):
            clock = clock_us(local)
            for opens, closes in self._spans:
                if clock <= closes:
                    return local if clock >= opens else at_clock(day, opens)
        return self.opening(self.working_day_after(day, 1))

    def opening(self, day: date) -> datetime:
        """Opening of this day, or of the next working day when it is off."""
        return datetime.combine(self.working_day_from(day), self._opens)

    def closing(self, day: date) -> datetime:
        """Closing of this day, or of the next working day when it is off."""
        return datetime.combine(self.working_day_from(day), self._closes)

    def working_day_from(self, day: date) -> date:
        """The day itself, or the next working day when it is off."""
        return self._nth(self._rank(local_day(day).toordinal()))

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after this day, which is not counted; `count` >= 1."""
        if count < 1:
            raise ValueError("count must be at least 1")
        return self._nth(self._rank(local_day(day).toordinal() + 1) + count - 1)

    def working_day_before(self, day: date, count: int = 1) -> date:
        """The `count`-th working day before this day, which is not counted; `count` >= 1."""
        if count < 1:
            raise ValueError("count must be at least 1")
        return self._nth(self._rank(local_day(day).toordinal()) - count)

    def last_working_day_before(self, day: date) -> date:
        """The last working day strictly before this day."""
        return self.working_day_before(day, 1)

    def add_working_hours(self, start: datetime, hours: Number) -> datetime:
        """The moment at which that much opening time has passed since `start`; fractions round up to 1 µs."""
        return self._after_working_us(start, hours_us(hours))

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """The same with minutes; negative ones raise ValueError."""
        return self._after_working_us(start, minutes_us(minutes))

    def _after_working_us(self, start: datetime, added: int) -> datetime:
        if added == 0:
            return self.next_opening(start)
        full_days, rest = divmod(self._position(start) + added - 1, self._day_us)
        return at_clock(self._nth(full_days), self._clock_after(rest + 1))

    def add_working_days(self, event: datetime, days: Number, mode: DueMode = "end_of_day") -> datetime:
        """The end of a period of working days; the event's day is not counted, half a day is half its hours.

        `end_of_day`: closing of the last day. `same_clock_time`: the clock time of the event, moved into
        opening hours first.
        Zero days end at the closing of the event's day, or at its first working moment.
        """
        if days < 0:
            raise ValueError("days must not be negative")
        whole, part_of_day = _parted(days, self._day_us)
        if mode == "same_clock_time":
            begin = self.next_opening(event)
            last = self.working_day_after(begin, whole) if whole else begin.date()
            return self.add_working_hours(datetime.combine(last, begin.timetz()), part_of_day)
        if part_of_day:
            first = datetime.combine(self.working_day_after(event, whole + 1), self._opens)
            return self.add_working_hours(first, part_of_day)
        if not whole:
            return self.closing(self.next_opening(event))
        return datetime.combine(self.working_day_after(event, whole), self._closes)

    def add_days(self, event: datetime, days: int, mode: DueMode = "end_of_day") -> datetime:
        """End of a period of calendar days (`ngày`), moved off days off to a working day (BLDS 148)."""
        if days < 0:
            raise ValueError("days must not be negative")
        return self._on_day(event, local_day(event) + timedelta(days=days), mode)

    def add_months(self, event: datetime, months: int, mode: DueMode = "end_of_day") -> datetime:
        """End of a period of months: same day number or the month's last, moved off days off (BLDS 148)."""
        if months < 0:
            raise ValueError("months must not be negative")
        day = local_day(event)
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
        last = (following - _ONE_DAY).day
        return self._on_day(event, date(year, month + 1, min(day.day, last)), mode)

    def shortly_before(self, limit: datetime, minutes: int, start: datetime) -> datetime | None:
        """So many opening minutes before `limit`; half of what is between where that would be less than half.

        A closing counts as the next opening. None when no opening time lies between `start` and `limit`.
        """
        end = self._position(limit)
        lead = min(minutes_us(minutes), (end - self._position(start)) // 2)
        if lead <= 0:
            return None
        full_days, rest = divmod(end - lead, self._day_us)
        return at_clock(self._nth(full_days), self._clock_from(rest))

    @property
    def hours_of_a_day(self) -> Fraction:
        """Opening hours of a working day (Đ 10)."""
        return Fraction(self._day_us, HOUR_US)

    def working_hours_between(self, start: datetime, end: datetime) -> Fraction:
        """Opening time from `start` to `end`, in hours; negative when `end` is earlier."""
        return Fraction(self._position(end) - self._position(start), HOUR_US)

    def end_of_day(self, day: date) -> datetime:
        """Midnight at which this day has ended, for acts that are not bound to opening hours."""
        return at_clock(local_day(day) + _ONE_DAY, 0)

    def _on_day(self, event: datetime, day: date, mode: DueMode) -> datetime:
        if mode == "end_of_day":
            return self.closing(day)
        return datetime.combine(self.working_day_from(day), self.next_opening(event).timetz())

    def _position(self, moment: datetime) -> int:
        local = in_viet_nam(moment)
        ordinal = local.toordinal()
        rank = self._rank(ordinal)
        elapsed = 0
        if self._is_open(ordinal, rank):
            clock = clock_us(local)
            for opens, closes in self._spans:
                if clock > opens:
                    elapsed += min(clock, closes) - opens
        return rank * self._day_us + elapsed

    def _clock_after(self, elapsed: int) -> int:
        for opens, closes in self._spans:
            if elapsed <= closes - opens:
                return opens + elapsed
            elapsed -= closes - opens
        raise AssertionError("more than a day's hours")

    def _clock_from(self, elapsed: int) -> int:
        for opens, closes in self._spans:
            if elapsed < closes - opens:
                return opens + elapsed
            elapsed -= closes - opens
        raise AssertionError("more than a day's hours")

    def _is_open(self, ordinal: int, rank: int) -> bool:
        return rank < len(self._days) and self._days[rank] == ordinal

    def _rank(self, ordinal: int) -> int:
        if not 0 <= ordinal - self._first < len(self._ranks):
            raise CalendarYearError(f"{date.fromordinal(ordinal)} is outside calendar {self.version}")
        return self._ranks[ordinal - self._first]

    def _nth(self, rank: int) -> date:
        if not 0 <= rank < len(self._days):
            raise CalendarYearError(f"the period leaves the years of calendar {self.version}")
        return date.fromordinal(self._days[rank])
