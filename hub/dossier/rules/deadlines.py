"""Deadlines (Art. 17.9): Form 04, the one new time, and the hub's own timers."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import violation, who_had_to_act
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.matter import State
from hub.dossier.state.model import Dossier
from hub.dossier.state.near import PREFIX, rows_of
from hub.regulation.deadlines import apology_limit
from hub.regulation.errors import CalendarYearError
from schemas.base import Fact
from schemas.due import (
    Apologise,
    ApologySent,
    DeadlineMissed,
    DeadlineNear,
    DueRescheduled,
    FireTimer,
    Reschedule,
)


@rule("17.9", "The return time is put off at most once")
def apology_is_the_first(dossier: Dossier, _request: Apologise, context: Context) -> Refused | None:
    """A second Form 04 is refused, however early it comes."""
    if dossier.apologies >= context.law.profile.reschedule.max_count:
        return conflict(dossier, context, "rule.17.9", "17.9")
    return None


@rule("17.9", "Form 04 proposes a later time")
def proposed_time_is_later(dossier: Dossier, request: Apologise, context: Context) -> Refused | None:
    """Later than the due time and than now, inside the years whose days off are known."""
    assert dossier.due_at is not None
    try:
        context.law.calendar.is_working_day(request.new_due_at)
    except CalendarYearError:
        return Refused("due.out_of_calendar", rule="17.9", fields=("/new_due_at",))
    if request.new_due_at <= max(dossier.due_at, context.now):
        return Refused("due.not_later", rule="17.9", fields=("/new_due_at",))
    return None


@rule("17.9", "The new time is one at which the applicant can come")
def proposed_time_is_working_time(_dossier: Dossier, request: Apologise, context: Context) -> Refused | None:
    """A moment within opening hours (10): nobody is told to come on a Sunday at three."""
    if context.law.calendar.is_working_moment(request.new_due_at):
        return None
    return Refused("due.not_working_time", rule="17.9", fields=("/new_due_at",))


@rule("17.9", "Form 04 says why the result is late")
def reason_of_form_04_is_given(_dossier: Dossier, request: Apologise, _context: Context) -> Refused | None:
    """Blank words are no reason."""
    if not request.reason.strip():
        return Refused("rule.17.9.reason", rule="17.9", fields=("/reason",))
    return None


_APOLOGISE: tuple[Check[Dossier, Apologise], ...] = (
    apology_is_the_first,
    reason_of_form_04_is_given,
    proposed_time_is_later,
    proposed_time_is_working_time,
)


@rule("17.9", "The apology comes at the latest a day before the due time")
def apology_deadline(dossier: Dossier, context: Context) -> datetime:
    """Closing of the last working day before the due day; the due time itself when that day is too early."""
    assert dossier.due_at is not None
    assert dossier.counted_from is not None
    law = context.law
    return apology_limit(law.calendar, law.profile, dossier.counted_from, dossier.due_at)


@rule("17.9", "Only Form 04 in time moves the time by which delay counts")
def measure_after(dossier: Dossier, is_late: bool, new_due_at: datetime, context: Context) -> datetime:
    """The new time, or still the one before: no late Form 04 takes back a delay."""
    assert dossier.measure is not None
    return dossier.measure if is_late or context.now > dossier.measure else new_due_at


def apologise(dossier: Dossier, request: Apologise, context: Context) -> Decision:
    """Form 04; a late one is recorded and does not make the dossier timely."""
    if (refused := first_refusal(_APOLOGISE, dossier, request, context)) is not None:
        return refused
    assert dossier.due_at is not None
    late = violation(context, apology_deadline(dossier, context), "17.9")
    if isinstance(late, Refused):
        return late
    profile = context.law.profile
    measure = measure_after(dossier, bool(late), request.new_due_at, context)
    facts: list[Fact] = [
        ApologySent(
            officer=request.officer,
            agency=dossier.agency,
            reason=request.reason,
            due_at=dossier.due_at,
            new_due_at=request.new_due_at,
            is_late=bool(late),
            measured_due_at=measure,
            notify_by=tuple(sorted(profile.notices.reschedule)),
        ),
        *late,
    ]
    if profile.reschedule.changed_by == "hub":
        facts.append(_rescheduled(dossier, request, measure))
    return Accepted(tuple(facts), (*ids_of(_APOLOGISE), measure_after.id))


def _rescheduled(
    dossier: Dossier, request: Apologise | Reschedule, measure: datetime | None
) -> DueRescheduled:
    assert dossier.due_at is not None
    return DueRescheduled(
        officer=request.officer,
        old_due_at=dossier.due_at,
        new_due_at=request.new_due_at,
        measured_due_at=measure if measure != request.new_due_at else None,
    )


@rule("17.9", "The one-stop enters the new time once, after Form 04, as it stands there")
def new_time_is_that_of_form_04(dossier: Dossier, request: Reschedule, context: Context) -> Refused | None:
    """Needs an open Form 04; its time and no other."""
    if dossier.reschedules >= context.law.profile.reschedule.max_count:
        return conflict(dossier, context, "rule.17.9", "17.9")
    if dossier.apology_due_at is None:
        return conflict(dossier, context, "due.no_apology", "17.9")
    if request.new_due_at != dossier.apology_due_at:
        return Refused("due.differs_from_form_04", rule="17.9", fields=("/new_due_at",))
    return None


def reschedule(dossier: Dossier, request: Reschedule, context: Context) -> Decision:
    """The return time is changed on the system."""
    if (refused := new_time_is_that_of_form_04(dossier, request, context)) is not None:
        return refused
    fact = _rescheduled(dossier, request, dossier.measured_due_at)
    return Accepted((fact,), (new_time_is_that_of_form_04.id,))


@rule("6.3.b", "Deadlines are watched: near and missed ones are recorded once")
def watched_timer(dossier: State, request: FireTimer, context: Context) -> Refused | None:
    """A timer that the dossier no longer has, or has for another time, or that is not due, does nothing."""
    timer = rows_of(dossier.timers).get(request.timer)
    if timer is None or (timer.kind, timer.due_at) != (request.kind, request.due_at):
        return Refused("timer.stale", rule="6.3.b")
    if context.now < timer.due_at:
        return Refused("timer.early", rule="6.3.b")
    return None


def fire(dossier: Dossier, request: FireTimer, context: Context) -> Decision:
    """Record that a limit is near or has passed without the act."""
    if (refused := watched_timer(dossier, request, context)) is not None:
        return refused
    fact: Fact
    if request.kind == "apology":
        fact = DeadlineNear(timer=request.timer, kind=request.kind, due_at=request.due_at)
    elif request.kind == "near":
        name = request.timer.removeprefix(PREFIX)
        timer = dossier.timers[name]
        holder = who_had_to_act(dossier, timer.kind, name)
        fact = DeadlineNear(timer=name, kind=timer.kind, due_at=timer.due_at, holder=holder)
    else:
        fact = DeadlineMissed(
            timer=request.timer,
            kind=request.kind,
            due_at=request.due_at,
            holder=who_had_to_act(dossier, request.kind, request.timer),
        )
    return Accepted((fact,), (watched_timer.id,))
