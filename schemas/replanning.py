"""A later calendar for open dossiers: an operator's order, and each limit that it moved."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.due import TimerKind
from schemas.party import Officer
from schemas.types import Day, Instant, Line, OrganisationCode, Text


class ReplanLimits(Request):
    """The hub's own, by an operator's order: the dossier passes over to a later version of its calendar."""

    type: ClassVar[str] = "onestop.calendar.replan.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    calendar: Line
    officer: Officer
    reason: Text


class CalendarChanged(Fact):
    """The dossier goes by another version of the calendar from now on, by whose order and why."""

    type: ClassVar[str] = "onestop.calendar.changed.v1"
    calendar_before: Line
    calendar: Line
    officer: Officer
    reason: Text


class ChangedDay(Wire):
    """A day that the two versions of the calendar see differently; `name` of a day that is off now."""

    day: Day
    is_off: bool
    name: Line | None = None


class LimitMoved(Fact):
    """A limit that was open when the calendar changed, and the changed days up to it that moved it."""

    type: ClassVar[str] = "onestop.limit.moved.v1"
    timer: Line
    kind: TimerKind
    holder: OrganisationCode | None = None
    old_due_at: Instant
    new_due_at: Instant
    near_at: Instant | None = None
    """When it is told that the limit is near; None where that is not told any more."""
    days: tuple[ChangedDay, ...] = Field(default=(), max_length=400)
