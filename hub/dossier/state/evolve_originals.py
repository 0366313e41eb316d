"""What the facts of originals and of archiving make of a dossier (18.2, 18.5)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from msgspec.structs import replace

from hub.dossier.state.model import APPLICANT, Dossier, Original, Timer
from hub.dossier.state.timers import TimerStep, without
from schemas.archive import DossierArchived
from schemas.original import OriginalReturned, OriginalTaken


def taken(dossier: Dossier, fact: OriginalTaken, _step: TimerStep) -> dict[str, Any]:
    """The office holds it, and its time is watched."""
    limit = fact.return_by.astimezone(UTC) if fact.return_by is not None else None
    timers = dict(dossier.timers)
    if limit is not None:
        timers[f"original:{fact.original}"] = Timer("original", limit)
    return {
        "originals": {**dossier.originals, fact.original: Original(fact.component, limit)},
        "custody": {**dossier.custody, fact.original: fact.organisation},
        "timers": timers,
    }


def given_back(dossier: Dossier, fact: OriginalReturned, _step: TimerStep) -> dict[str, Any]:
    """The applicant holds them."""
    return {"custody": {**dossier.custody, **dict.fromkeys(fact.originals, APPLICANT)}}


def archived(_dossier: Dossier, fact: DossierArchived, _step: TimerStep) -> dict[str, Any]:
    """It is closed for good."""
    return {"archived_at": fact.archived_at.astimezone(UTC)}


def without_ended(dossier: Dossier) -> Dossier:
    """An original that the applicant has again, on whatever way, is waited for no more."""
    if not dossier.originals:
        return dossier
    ended = [name for name in dossier.originals if dossier.custody[name] == APPLICANT]
    timers = [name for name in (f"original:{name}" for name in ended) if name in dossier.timers]
    return replace(dossier, timers=without(dossier, *timers)) if timers else dossier
