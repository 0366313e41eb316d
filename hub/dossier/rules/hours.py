"""Opening hours (Art. 10): acts outside of them, where the regulation refuses them."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from hub.regulation.opening import is_open
from schemas.dossier import AcceptDossier, SubmitDossier


@rule("10", "Dossiers are taken in at the counter within opening hours, where the regulation keeps to them")
def counter_is_open(
    dossier: Dossier | None, request: SubmitDossier | AcceptDossier, context: Context
) -> Refused | None:
    """The portal never closes; by `outside_hours_acts` officers may work on days off too (8.6)."""
    if context.law.profile.hours.outside_hours_acts == "accept":
        return None
    if isinstance(request, SubmitDossier) and request.channel != "in_person":
        return None
    lodged = request if isinstance(request, SubmitDossier) else dossier
    assert lodged is not None
    return None if _is_open(lodged.organisation, context) else Refused("rule.10", rule="10")


def _is_open(code: str, context: Context) -> bool:
    """By the one-stop's own hours where the register has them; days off of the calendar close it too."""
    calendar, today = context.law.calendar, local_day(context.now)
    one_stop = context.registers.organisations.on(code, today)
    if one_stop is None or one_stop.opening_hours is None:
        return calendar.is_working_moment(context.now)
    is_week_day = today.isoweekday() in context.law.profile.hours.weekdays
    is_day_off = is_week_day and not calendar.is_working_day(today)
    return not is_day_off and is_open(one_stop.opening_hours, context.now)
