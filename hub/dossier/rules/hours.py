"""Opening hours (Art. 10): acts outside of them, where the regulation refuses them."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from schemas.dossier import AcceptDossier, SubmitDossier


@rule("10", "Dossiers are taken in at the counter within opening hours, where the regulation keeps to them")
def counter_is_open(
    _dossier: Dossier | None, request: SubmitDossier | AcceptDossier, context: Context
) -> Refused | None:
    """The portal never closes; by `outside_hours_acts` officers may work on days off too (8.6)."""
    if context.law.profile.hours.outside_hours_acts == "accept":
        return None
    if isinstance(request, SubmitDossier) and request.channel != "in_person":
        return None
    is_open = context.law.calendar.is_working_moment(context.now)
    return None if is_open else Refused("rule.10", rule="10")
