"""What the facts of reuse make of a dossier: field names and component codes, never a value."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hub.dossier.state.model import Dossier, Holding, SharedData
from hub.dossier.state.timers import TimerStep
from schemas.account import AccountCreated
from schemas.component import ComponentReused, MismatchRecorded
from schemas.person_data import PersonDataReceived


def received(dossier: Dossier, fact: PersonDataReceived, _step: TimerStep) -> dict[str, Any]:
    """Shared data are there until their end."""
    names = (*(datum.field for datum in fact.data), *(person.relation for person in fact.relatives))
    shared = SharedData(fact.usable_until.astimezone(UTC), tuple(dict.fromkeys(names)))
    return {"shared_data": {**dossier.shared_data, fact.check: shared}}


def reused(dossier: Dossier, fact: ComponentReused, _step: TimerStep) -> dict[str, Any]:
    """The component is held electronically, on no paper."""
    holding = Holding(fact.component, originals=0, copies=0, electronic=True)
    return {
        "components": (*dossier.components, holding),
        "reused": tuple(dict.fromkeys((*dossier.reused, fact.component))),
        "open_points": tuple(point for point in dossier.open_points if point[1] != fact.component),
    }


def account_created(dossier: Dossier, fact: AccountCreated, _step: TimerStep) -> dict[str, Any]:
    """The system by name; neither account nor number."""
    return {"accounts": (*dossier.accounts, fact.system)}


def mismatched(dossier: Dossier, fact: MismatchRecorded, _step: TimerStep) -> dict[str, Any]:
    """The paper counts for this component."""
    return {"mismatches": tuple(dict.fromkeys((*dossier.mismatches, fact.component)))}
