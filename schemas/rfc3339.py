"""Times on the wire: RFC 3339, all of it that is a moment, and nothing else (pure)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime

_HOUR_MINUTE = r"([01]\d|2[0-3]):[0-5]\d"
_MOMENT = re.compile(
    rf"\d{{4}}-\d\d-\d\d[Tt]{_HOUR_MINUTE}:([0-5]\d|(?P<leap>60))(\.\d+)?([Zz]|[+-]{_HOUR_MINUTE})", re.ASCII
)
_FIRST_YEAR, _LAST_YEAR = 1, 9999
_LAST_SECOND = slice(17, 19)


def read_rfc3339(text: str) -> datetime:
    """A moment with the offset that it was written with; raises ValueError for any other text.

    Digits behind the microseconds are dropped. A leap second, which stands only at the end of a month in UTC,
    is the last microsecond before the next day. A moment that its zone carries out of the years 1 to 9999 is
    none.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("a time is written as in RFC 3339")
    if found["leap"] is not None:
        return _leap_second(text)
    moment = datetime.fromisoformat(text.upper())
    return moment if _FIRST_YEAR < moment.year < _LAST_YEAR else _bounded(moment)


def _bounded(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the year is out of bounds") from None
    return moment


def _leap_second(text: str) -> datetime:
    before = text[: _LAST_SECOND.start] + "59" + text[_LAST_SECOND.stop :]
    moment = _bounded(datetime.fromisoformat(before.upper())).replace(microsecond=999_999)
    ended = moment.astimezone(UTC)
    days = monthrange(ended.year, ended.month)[1]
    if (ended.day, ended.hour, ended.minute) != (days, 23, 59):
        raise ValueError("no leap second stands here")
    return moment
