"""What Form 04, its new time and the hub's own timers make of the state (17.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.state.evolve_duties import left_by_form_04
from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.timers import TimerStep, clock_timers, without
from schemas.base import Fact
from schemas.due import ApologySent, DeadlineMissed, DeadlineNear, DueRescheduled

_Changes = dict[str, Any]


def apologised(dossier: Dossier, fact: ApologySent, step: TimerStep) -> _Changes:
    """Form 04 is out; in time it moves the time by which delay counts."""
    new_due_at, measure = _utc(fact.new_due_at), fact.measured_due_at and _utc(fact.measured_due_at)
    moved = {"due": Timer("due", new_due_at)} if measure == new_due_at else {}
    return {
        "apologies": dossier.apologies + 1,
        "apology_due_at": new_due_at,
        "measured_due_at": measure,
        "timers": {**without(dossier, "apology"), **moved, **left_by_form_04(step)},
    }


def rescheduled(dossier: Dossier, fact: DueRescheduled, step: TimerStep) -> _Changes:
    """The one-stop has entered the new time."""
    due_at = _utc(fact.new_due_at)
    assert dossier.counted_from is not None
    if dossier.measured_due_at is None:  # Form 04 of a fact that named no measure
        clocks = clock_timers(due_at, dossier.counted_from, dossier.apologies, step.law)
        timers = {**without(dossier, "due", "apology"), **clocks}
    elif dossier.measured_due_at == due_at:
        timers = dict(dossier.timers)
    else:  # the time by which delay counts stays watched beside the new one
        timers = {**dossier.timers, "appointment": Timer("due", due_at)}
    return {
        "due_at": due_at,
        "reschedules": dossier.reschedules + 1,
        "apology_due_at": None,
        "timers": timers,
    }


def fired(dossier: Dossier, fact: DeadlineMissed, _step: TimerStep) -> _Changes:
    """The clock has done what it was for."""
    return {"timers": without(dossier, fact.timer)}


def near(dossier: Dossier, fact: DeadlineNear, _step: TimerStep) -> _Changes:
    """The warning is given, once; that of the apology was all that its clock was for."""
    if fact.kind == "apology":
        return {"timers": without(dossier, fact.timer)}
    return {"timers": {**dossier.timers, fact.timer: replace(dossier.timers[fact.timer], near_at=None)}}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


DEADLINES: Mapping[type[Fact], Callable[[Dossier, Any, TimerStep], _Changes]] = {
    ApologySent: apologised,
    DueRescheduled: rescheduled,
    DeadlineNear: near,
    DeadlineMissed: fired,
}
"""What each of these facts changes."""
