"""Opening hours of a unit of its own, as one line: `1-5 07:00-11:00 13:00-17:00` (Điều 10)."""

from __future__ import annotations

import re
from datetime import datetime, time
from functools import cache
from itertools import pairwise

from hub.regulation.clock import in_viet_nam

_DAYS = re.compile(r"([1-7])(?:-([1-7]))?")
_SESSION = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")

Hours = tuple[frozenset[int], tuple[tuple[time, time], ...]]


@cache
def read_hours(text: str) -> Hours:
    """ISO weekdays, and sessions in order; ValueError says what is wrong."""
    days, *sessions = text.split()
    found = _DAYS.fullmatch(days)
    if found is None or int(found[1]) > int(found[2] or found[1]):
        raise ValueError("begins with weekdays, as 1-5 (Monday is 1)")
    spans = tuple(_session(session) for session in sessions)
    if not spans:
        raise ValueError("names no session, as 07:00-11:00")
    if any(one[1] > two[0] for one, two in pairwise(spans)):
        raise ValueError("has sessions that overlap")
    return frozenset(range(int(found[1]), int(found[2] or found[1]) + 1)), spans


def _session(text: str) -> tuple[time, time]:
    found = _SESSION.fullmatch(text)
    if found is None:
        raise ValueError("has sessions as 07:00-11:00")
    span = time.fromisoformat(found[1]), time.fromisoformat(found[2])
    if span[0] >= span[1]:
        raise ValueError("has a session that ends before it begins")
    return span


def is_open(text: str, moment: datetime) -> bool:
    """Whether this moment lies in a session of this line; days off are not looked at."""
    days, spans = read_hours(text)
    local = in_viet_nam(moment)
    return local.isoweekday() in days and any(opens <= local.time() <= closes for opens, closes in spans)
