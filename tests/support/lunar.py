"""Lunar dates of Viet Nam from the sky: an oracle for the days off that does not know the hub's tables.

Mean new moons with the great corrections (J. Meeus, Astronomical Algorithms) in the time zone of Hà Nội;
good to minutes, which is enough for the years that the calendars have.
"""

from __future__ import annotations

from datetime import date
from math import floor, pi, sin

_EPOCH = 1721425
"""Julian day number of the day before 0001-01-01."""
_ZONE = 7 / 24


def _sine(degrees: float) -> float:
    return sin(degrees * pi / 180)


def _new_moon(number: int) -> int:
    """The day of the new moon, counted from 1900 on."""
    t = number / 1236.85
    sun = 359.2242 + 29.10535608 * number - 0.0000333 * t**2
    moon = 306.0253 + 385.81691806 * number + 0.0107306 * t**2
    node = 21.2964 + 390.67050646 * number - 0.0016528 * t**2
    at = 2415020.75933 + 29.53058868 * number + 0.0001178 * t**2
    at += 0.00033 * _sine(166.56 + 132.87 * t - 0.009173 * t**2)
    at += (0.1734 - 0.000393 * t) * _sine(sun) + 0.0021 * _sine(2 * sun) - 0.4068 * _sine(moon)
    at += 0.0161 * _sine(2 * moon) - 0.0004 * _sine(3 * moon) + 0.0104 * _sine(2 * node)
    at -= 0.0051 * _sine(sun + moon) + 0.0074 * _sine(sun - moon)
    at += 0.0004 * _sine(2 * node + sun) - 0.0004 * _sine(2 * node - sun) - 0.0006 * _sine(2 * node + moon)
    at += 0.0010 * _sine(2 * node - moon) + 0.0005 * _sine(2 * moon + sun)
    clock = -0.000278 + 0.000265 * t + 0.000262 * t**2
    return floor(at - clock + 0.5 + _ZONE)


def _sign(day: int) -> int:
    """In which twelfth of its way the sun stands at midnight."""
    t = (day - 0.5 - _ZONE - 2451545.0) / 36525
    mean = 357.52910 + 35999.05030 * t
    longitude = 280.46645 + 36000.76983 * t + (1.914600 - 0.004817 * t) * _sine(mean)
    longitude += 0.019993 * _sine(2 * mean) + 0.000290 * _sine(3 * mean)
    return int(longitude % 360 // 30)


def _eleventh_month(year: int) -> int:
    """Number of the new moon of the month that holds the winter solstice."""
    number = int((date(year, 12, 31).toordinal() + _EPOCH - 2415021) / 29.530588853)
    return number - 1 if _sign(_new_moon(number)) >= 9 else number


def lunar_day(year: int, month: int, day: int) -> date:
    """The solar date of a day of the first ten lunar months."""
    first = _eleventh_month(year - 1)
    number = first + month + 1
    if _eleventh_month(year) - first == 13:
        signs = [_sign(_new_moon(first + index)) for index in range(15)]
        leap = next(index for index in range(1, 14) if signs[index] == signs[index + 1])
        number += month + 1 >= leap
    return date.fromordinal(_new_moon(number) + day - 1 - _EPOCH)
