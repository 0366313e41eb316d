"""How the due time of a dossier came about, for who has to answer for it (pure)."""

from __future__ import annotations

from typing import Any

from hub.dossier.state.model import Dossier
from hub.regulation.catalogue import HandlingTime
from hub.regulation.counting import count
from hub.regulation.deadlines import due_time
from hub.regulation.law import Law


def due_counted(state: Dossier, law: Law) -> dict[str, Any] | None:
    """Counted from when over which days off, or else by what it was moved; None while there is no due time.

    It is counted again: a time that Form 04 or a supplement moved is told by its not being the counted one.
    """
    if state.handling is None or state.counted_from is None or state.due_at is None:
        return None
    handling = HandlingTime.read(state.handling)
    procedure = law.catalogue.procedures.get(state.procedure)
    cutoff = procedure.same_day_cutoff if procedure is not None else None
    if due_time(law.calendar, law.profile, handling, state.counted_from, cutoff) != state.due_at:
        by, rule = _other_than_counted(state)
        return {"by": by, "rule": rule, "late_after": state.measure}
    counted = count(law.calendar, handling, state.counted_from, state.due_at)
    return {
        "from": state.counted_from,
        "rule": "15.1.a" if state.counted_from == state.accepted_at else "17.4",
        "days": counted.counted,
        "not_counted": [{"day": one.day, "why": one.name or one.why} for one in counted.off],
        "calendar": law.versions.calendar,
        "provisional": law.calendar.is_provisional(state.due_at),
    }


def _other_than_counted(state: Dossier) -> tuple[str, str]:
    """What made the due time another one than the calendar of the dossier gives, and by which rule."""
    if state.reschedules:
        return "due.reschedule", "17.9"
    if state.supplements_appraisal:
        return "dossier.supplement", "17.4"
    return "calendar.changed", "blld45-2019.112"  # it had passed, or would lie in the past
