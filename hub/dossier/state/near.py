"""When it is told that a limit is near: a moment of its timer, set where a fact starts or moves that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from hub.dossier.state.model import Timer
from hub.regulation.errors import CalendarYearError
from hub.regulation.law import Law

PREFIX = "near:"
"""Before the name of the timer that is near, in the name of the row that waits for it."""


def with_warnings(
    before: Mapping[str, Timer], after: Mapping[str, Timer], at: datetime, law: Law
) -> dict[str, Timer]:
    """The timers after a fact of `at` (UTC): new and moved ones with their warning, others as they were."""
    timers = dict(after)
    for name, timer in after.items():
        old = before.get(name)
        if old is timer:
            continue
        is_new = old is None or (old.kind, old.due_at) != (timer.kind, timer.due_at)
        if is_new and timer.near_at is None:
            timers[name] = warned(timer, at, law)
    return timers


def warned(timer: Timer, at: datetime, law: Law) -> Timer:
    """The timer with the moment of its warning, in opening hours after `at` (UTC) and before the limit.

    The profile's working minutes before the limit; in the middle of the time left where that is shorter
    than twice as many. None without a lead, without opening time in between, or where days off are unknown.
    """
    lead = law.profile.near_due.get(timer.kind)
    if lead is None:
        return timer
    try:
        near = law.calendar.shortly_before(timer.due_at, lead, at)
    except CalendarYearError:  # nobody knows the opening hours of that year
        return timer
    return replace(timer, near_at=near.astimezone(UTC)) if near is not None else timer


def rows_of(timers: Mapping[str, Timer]) -> Mapping[str, Timer]:
    """What the store waits for, by name: each limit, and beside it the warning that is still to come."""
    rows: dict[str, Timer] = {}
    for name, timer in timers.items():
        if timer.near_at is None:
            rows[name] = timer
        else:
            rows[name] = Timer(timer.kind, timer.due_at)
            rows[PREFIX + name] = Timer("near", timer.near_at)
    return rows
