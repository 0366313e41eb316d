"""State changes by the parts of an interlinked dossier, and by who watches it (Art. 17.6, 17.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from msgspec.structs import replace

from hub.dossier.rules.interlinked import goes_by_slip
from hub.dossier.state.model import Dossier, Leg, Timer
from hub.dossier.state.timers import TimerStep, without
from schemas.base import Fact
from schemas.dossier import DossierWatched
from schemas.leg import LegFinished, LegsPlanned, LegStarted

_Changes = dict[str, Any]


def leg_timer(name: str) -> str:
    """The name of the timer of a part."""
    return f"leg:{name}"


def planned(_dossier: Dossier, fact: LegsPlanned, _step: TimerStep) -> _Changes:
    """All parts, in their order."""
    legs = {
        one.leg: Leg(one.of, one.working_days, one.needs, goes_by_slip(one, fact.order, fact.lead))
        for one in fact.legs
    }
    return {"legs": legs}


def started(dossier: Dossier, fact: LegStarted, _step: TimerStep) -> _Changes:
    """Its time runs."""
    limit = fact.finish_by.astimezone(UTC)
    return {
        "legs": {
            **dossier.legs,
            fact.leg: replace(dossier.legs[fact.leg], status="started", finish_by=limit),
        },
        "timers": {**dossier.timers, leg_timer(fact.leg): Timer("leg", limit)},
    }


def finished(dossier: Dossier, fact: LegFinished, _step: TimerStep) -> _Changes:
    """Its time has ended."""
    return {
        "legs": {**dossier.legs, fact.leg: replace(dossier.legs[fact.leg], status=fact.outcome)},
        "timers": without(dossier, leg_timer(fact.leg)),
    }


def watched(_dossier: Dossier, fact: DossierWatched, _step: TimerStep) -> _Changes:
    """The upper agency's one-stop follows it."""
    return {"watched_by": fact.watched_by}


LEGS: Mapping[type[Fact], Callable[[Dossier, Any, TimerStep], _Changes]] = {
    LegsPlanned: planned,
    LegStarted: started,
    LegFinished: finished,
    DossierWatched: watched,
}
"""What each of these facts changes."""
