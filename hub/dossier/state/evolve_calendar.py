"""What a later calendar makes of the state: the dossier goes by it, and limits lie where it puts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.timers import TimerStep
from schemas.base import Fact
from schemas.replanning import CalendarChanged, LimitMoved

_DUE = ("due_at", "apology_due_at", "measured_due_at")
"""What holds the due time, or the one that Form 04 promises."""
_LIMITS = {"intake": "intake_limit", "forward": "paper_limit", "supplement_notice": "notice_limit"}
_PARTS = {"opinion": ("opinions", "answer_by"), "leg": ("legs", "finish_by"),
          "complaint": ("complaints", "answer_by"), "original": ("originals", "return_by")}  # fmt: skip


def changed(dossier: Dossier, fact: CalendarChanged, _step: TimerStep) -> dict[str, Any]:
    """Clocks that start later follow it too."""
    return {"law": dossier.law._replace(calendar=fact.calendar)}


def moved(dossier: Dossier, fact: LimitMoved, _step: TimerStep) -> dict[str, Any]:
    """The clock, and what the state says beside it of the same limit."""
    new, old = fact.new_due_at.astimezone(UTC), fact.old_due_at.astimezone(UTC)
    near = fact.near_at and fact.near_at.astimezone(UTC)
    changes: dict[str, Any] = {"timers": {**dossier.timers, fact.timer: Timer(fact.kind, new, near)}}
    if fact.kind == "due":
        changes |= {name: new for name in _DUE if getattr(dossier, name) == old}
    elif fact.kind in _LIMITS and getattr(dossier, _LIMITS[fact.kind]) is not None:
        changes[_LIMITS[fact.kind]] = new
    elif fact.kind in _PARTS:
        changes |= _part(dossier, fact, new)
    return changes


def _part(dossier: Dossier, fact: LimitMoved, new: datetime) -> dict[str, Any]:
    parts, field = _PARTS[fact.kind]
    held: Mapping[str, Any] = getattr(dossier, parts)
    name = fact.timer.partition(":")[2]
    return {parts: {**held, name: replace(held[name], **{field: new})}}


CALENDAR: Mapping[type[Fact], Callable[[Dossier, Any, TimerStep], dict[str, Any]]] = {
    CalendarChanged: changed,
    LimitMoved: moved,
}
"""What each of these facts changes."""
