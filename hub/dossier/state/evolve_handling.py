"""State changes by the agency's own work, and by reminders about it (Art. 17.2-17.5, 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from msgspec.structs import replace

from hub.dossier.state.model import Dossier, Opinion, Timer, Verification
from hub.dossier.state.timers import TimerStep, without
from schemas.base import Fact
from schemas.case import CaseAppraised
from schemas.opinion import OpinionGiven, OpinionRequested
from schemas.reminder import ReminderIssued
from schemas.verification import VerificationRecorded, VerificationScheduled

_Changes = dict[str, Any]


def appraised(dossier: Dossier, fact: CaseAppraised, step: TimerStep) -> _Changes:
    """The last appraisal counts; it starts, or ends, the clock of Form 02 (17.4)."""
    timers = without(dossier, "supplement_notice")
    if fact.notice_limit is None:
        return {"appraisal": fact.outcome, "timers": timers}
    limit = fact.notice_limit.astimezone(UTC)
    if limit > step.at:
        timers["supplement_notice"] = Timer("supplement_notice", limit)
    return {"appraisal": fact.outcome, "notice_limit": limit, "timers": timers}


def scheduled(dossier: Dossier, fact: VerificationScheduled, _step: TimerStep) -> _Changes:
    """The appointment stands, or is moved."""
    appointment = Verification(fact.at.astimezone(UTC))
    return {"verifications": {**dossier.verifications, fact.verification: appointment}}


def recorded(dossier: Dossier, fact: VerificationRecorded, _step: TimerStep) -> _Changes:
    """It is over, with or without an appointment."""
    known = dossier.verifications.get(fact.verification, Verification())
    return {"verifications": {**dossier.verifications, fact.verification: Verification(known.at, True)}}


def opinion_timer(name: str) -> str:
    """The name of the timer of an opinion."""
    return f"opinion:{name}"


def asked(dossier: Dossier, fact: OpinionRequested, _step: TimerStep) -> _Changes:
    """Another agency is asked; its time runs."""
    limit = fact.answer_by.astimezone(UTC)
    return {
        "opinions": {
            **dossier.opinions,
            fact.opinion: Opinion(fact.of, fact.by, limit, is_counted=fact.working_days is not None),
        },
        "timers": {**dossier.timers, opinion_timer(fact.opinion): Timer("opinion", limit)},
    }


def given(dossier: Dossier, fact: OpinionGiven, _step: TimerStep) -> _Changes:
    """It has answered."""
    answered = replace(dossier.opinions[fact.opinion], is_given=True)
    return {
        "opinions": {**dossier.opinions, fact.opinion: answered},
        "timers": without(dossier, opinion_timer(fact.opinion)),
    }


def reminded(dossier: Dossier, fact: ReminderIssued, _step: TimerStep) -> _Changes:
    """The one-stop has urged."""
    times = dossier.reminders.get(fact.timer, 0) + 1
    return {"reminders": {**dossier.reminders, fact.timer: times}}


HANDLING: Mapping[type[Fact], Callable[[Dossier, Any, TimerStep], _Changes]] = {
    CaseAppraised: appraised,
    VerificationScheduled: scheduled,
    VerificationRecorded: recorded,
    OpinionRequested: asked,
    OpinionGiven: given,
    ReminderIssued: reminded,
}
"""What each of these facts changes."""
