"""Moments and clock times of Viet Nam, in whole microseconds."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# Viet Nam has kept +07:00 without summer time since 1975.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

Number = int | Decimal | Fraction

_MIDNIGHT = time(tzinfo=VIETNAM)
_SECOND_US = 1_000_000
HOUR_US = 3600 * _SECOND_US


def in_viet_nam(moment: datetime) -> datetime:
    """The same instant in Viet Nam's zone; a naive one raises ValueError."""
    if moment.tzinfo is VIETNAM:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(VIETNAM)


def local_day(day: date) -> date:
    """The day itself, or the day of Viet Nam in which a moment lies."""
    return in_viet_nam(day).date() if isinstance(day, datetime) else day


def is_after(moment: datetime, limit: datetime) -> bool:
    """Whether a moment (UTC) lies behind a limit of any zone; Python is slow to compare across zones."""
    return moment > limit.astimezone(UTC)


def clock_us(clock: time | datetime) -> int:
    """Microseconds after midnight."""
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * _SECOND_US + clock.microsecond


def at_clock(day: date, after_midnight_us: int) -> datetime:
    """The moment that many microseconds after the day's midnight in Viet Nam."""
    return datetime.combine(day, _MIDNIGHT) + timedelta(microseconds=after_midnight_us)


@lru_cache(maxsize=1024)  # of the few amounts that the law names
def hours_us(hours: Number) -> int:
    """Hours in microseconds, rounded up; negative ones raise ValueError."""
    if hours < 0:
        raise ValueError("hours must not be negative")
    return hours * HOUR_US if isinstance(hours, int) else math.ceil(Fraction(hours) * HOUR_US)


def minutes_us(minutes: int) -> int:
    """Minutes in microseconds; negative ones raise ValueError."""
    if minutes < 0:
        raise ValueError("minutes must not be negative")
    return minutes * 60 * _SECOND_US


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC, as it is stored."""
    return in_viet_nam(moment).astimezone(UTC)
