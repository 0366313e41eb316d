"""A calendar that was decided later (days off of a year): what runs is counted by it from then on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.rules.late import who_had_to_act
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.near import warned
from hub.regulation.calendar import WorkingCalendar
from hub.regulation.catalogue import HandlingTime
from hub.regulation.clock import in_viet_nam, local_day
from hub.regulation.deadlines import due_time, latest_apology_day
from hub.regulation.law import Law
from schemas.replanning import CalendarChanged, ChangedDay, LimitMoved, ReplanLimits

_MIDNIGHT = frozenset({"transit"})
"""Ends of whole days; others lie in opening hours."""
_ENDED = frozenset({"declined", "withdrawn", "returned"})


def later(context: Context) -> Law:
    """The law with the later calendar, which the engine has looked up."""
    if context.later is None:
        raise ContextError("a new calendar needs its law")
    return context.later


def _order(version: str) -> tuple[str, tuple[int, ...]]:
    series, _, number = version.partition("-")
    return series, tuple(int(part) for part in number.split("."))


def is_later_calendar(before: str, after: str) -> bool:
    """Whether `after` names a later version of the same series, as `vn-2027.2` of `vn-2027.1`."""
    one, other = _order(before), _order(after)
    return one[0] == other[0] and one[1] < other[1]


@rule("blld45-2019.112", "An open dossier passes over to a later version of its own calendar, and never back")
def calendar_is_later(_dossier: Dossier, _request: ReplanLimits, context: Context) -> Refused | None:
    """Of the same series of days off; profile and catalogue stay those of its acceptance (3.9)."""
    if is_later_calendar(context.law.versions.calendar, later(context).versions.calendar):
        return None
    return Refused("due.calendar_not_later", rule="blld45-2019.112", fields=("/calendar",))


@rule("blld45-2019.112", "Only what is still open is counted anew")
def something_is_open(dossier: Dossier, _request: ReplanLimits, _context: Context) -> Refused | None:
    """A dossier at its end without any limit stays as it was decided."""
    if dossier.status in _ENDED and not dossier.timers:
        return Refused("due.nothing_open", rule="blld45-2019.112", state=dossier.status)
    return None


_REPLAN: tuple[Check[Dossier, ReplanLimits], ...] = (calendar_is_later, something_is_open)


def replan(dossier: Dossier, request: ReplanLimits, context: Context) -> Decision:
    """The dossier goes by the later calendar; each limit that moved is a fact of its own."""
    if (refused := first_refusal(_REPLAN, dossier, request, context)) is not None:
        return refused
    after = later(context)
    changed = CalendarChanged(
        calendar_before=context.law.versions.calendar,
        calendar=after.versions.calendar,
        officer=request.officer,
        reason=request.reason,
    )
    moved = moved_limits(dossier, context.law, after, context.now)
    return Accepted((changed, *moved), ids_of((*_REPLAN, counted_anew, promised_day)))


def moved_limits(dossier: Dossier, before: Law, after: Law, now: datetime) -> tuple[LimitMoved, ...]:
    """Each limit that lies elsewhere by the later calendar; what has passed stays where it was."""
    return tuple(
        _limit_moved(dossier, name, at, before, after, now)
        for name, at in sorted(_moved(dossier, before, after, now))
    )


def _limit_moved(
    dossier: Dossier, name: str, at: datetime, before: Law, after: Law, now: datetime
) -> LimitMoved:
    timer = dossier.timers[name]
    since, until = _since(dossier, name, now), max(at, timer.due_at)
    near_at = warned(Timer(timer.kind, at), now, after).near_at
    return LimitMoved(
        timer=name,
        kind=timer.kind,
        holder=who_had_to_act(dossier, timer.kind, name),
        old_due_at=timer.due_at,
        new_due_at=at,
        near_at=near_at,
        days=changed_days(before.calendar, after.calendar, since, until),
    )


def _since(dossier: Dossier, name: str, now: datetime) -> datetime:
    return dossier.counted_from if name == "due" and dossier.counted_from is not None else now


def _moved(dossier: Dossier, before: Law, after: Law, now: datetime) -> Iterator[tuple[str, datetime]]:
    due = dossier.timers.get("due")
    new_due = due.due_at if due is not None else None
    if due is not None and due.due_at > now:
        new_due = _due(dossier, due, before, after, now)
    for name, timer in dossier.timers.items():
        if timer.due_at <= now:
            continue
        if timer.kind == "apology":
            at = _apology(dossier, timer, new_due, after)
        elif name == "due":
            assert new_due is not None
            at = new_due
        else:
            at = _other(dossier, name, timer, before, after, now)
        if timer.kind == "supplement_notice" and new_due is not None:
            at = min(at, new_due)
        if timer.kind == "apology":
            at = max(at, now)
        if at != timer.due_at and at >= now:
            yield name, at


def _due(dossier: Dossier, due: Timer, before: Law, after: Law, now: datetime) -> datetime:
    """Counted from its start where it was counted so; a promised time stays, but on no day off."""
    if dossier.apologies and due.due_at in {dossier.measured_due_at, dossier.apology_due_at}:
        return promised_day(due.due_at, after)
    if dossier.handling is not None and dossier.counted_from is not None:
        handling = HandlingTime.read(dossier.handling)
        procedure = before.catalogue.procedures.get(dossier.procedure)
        cutoff = procedure.same_day_cutoff if procedure is not None else None
        start = dossier.counted_from
        if due_time(before.calendar, before.profile, handling, start, cutoff) == due.due_at:
            return due_time(after.calendar, after.profile, handling, start, cutoff).astimezone(UTC)
    return counted_anew(due.due_at, before, after, now)


def _apology(dossier: Dossier, timer: Timer, due: datetime | None, after: Law) -> datetime:
    """The opening of the last day before the due day, as it is now."""
    if due is None:
        return timer.due_at
    opening = after.calendar.opening(latest_apology_day(after.calendar, after.profile, due))
    counted_from = dossier.counted_from or opening
    return max(opening, in_viet_nam(counted_from)).astimezone(UTC)


def _other(dossier: Dossier, name: str, timer: Timer, before: Law, after: Law, now: datetime) -> datetime:
    if name == "appointment" or timer.kind == "original" or _is_set_by_hand(dossier, name, timer):
        return promised_day(timer.due_at, after)
    at = counted_anew(timer.due_at, before, after, now)
    if timer.kind in _MIDNIGHT and at != timer.due_at:
        return after.calendar.end_of_day(local_day(at)).astimezone(UTC)
    return at


def _is_set_by_hand(dossier: Dossier, name: str, timer: Timer) -> bool:
    """A moment that somebody named, or days of the calendar: they count no working days."""
    if timer.kind == "opinion":
        return not dossier.opinions[name.partition(":")[2]].is_counted
    if timer.kind == "complaint":
        return dossier.complaints[name.partition(":")[2]].about != "post"
    return False


@rule("blld45-2019.112", "A day off that is decided later does not count, and one that is worked does")
def counted_anew(limit: datetime, before: Law, after: Law, now: datetime) -> datetime:
    """The working time that was left is left by the later calendar too."""
    left = before.calendar.working_hours_between(now, limit)
    if left <= 0 or left == after.calendar.working_hours_between(now, limit):
        return limit
    return after.calendar.add_working_hours(now, left).astimezone(UTC)


@rule("blds91-2015.148", "A promised time that falls on a day off moves to the next working day")
def promised_day(limit: datetime, after: Law) -> datetime:
    """At the same time of day."""
    local = in_viet_nam(limit)
    day = after.calendar.working_day_from(local.date())
    return limit + timedelta(days=(day - local.date()).days)


def changed_days(
    before: WorkingCalendar, after: WorkingCalendar, now: datetime, until: datetime
) -> tuple[ChangedDay, ...]:
    """The days from that of `now` to that of `until` which the two see differently."""
    first, last = local_day(now), local_day(until)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(_changed(day, after) for day in days if _differs(day, before, after))[:400]


def _differs(day: date, before: WorkingCalendar, after: WorkingCalendar) -> bool:
    return before.is_working_day(day) != after.is_working_day(day)


def _changed(day: date, after: WorkingCalendar) -> ChangedDay:
    is_off = not after.is_working_day(day)
    return ChangedDay(day=day, is_off=is_off, name=after.name_of_day_off(day) if is_off else None)
