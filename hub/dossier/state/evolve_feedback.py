"""What ratings, complaints and questions make of a dossier (3.1, 6.2.đ, 6.3.a)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from msgspec.structs import replace

from hub.dossier.state.model import Complaint, Dossier, Inquiry, Timer
from hub.dossier.state.timers import TimerStep, without
from schemas.feedback import ComplaintAnswered, ComplaintForwarded, ComplaintRecorded, RatingRecorded
from schemas.information import InfoAnswered, InfoRequested


def rated(dossier: Dossier, fact: RatingRecorded, _step: TimerStep) -> dict[str, Any]:
    """That side is rated."""
    return {"ratings": {**dossier.ratings, fact.about: fact.score}}


def complained(dossier: Dossier, fact: ComplaintRecorded, _step: TimerStep) -> dict[str, Any]:
    """Its time is watched."""
    limit = fact.answer_by.astimezone(UTC)
    complaint = Complaint(fact.kind, fact.about, fact.handler, limit)
    return {
        "complaints": {**dossier.complaints, fact.complaint: complaint},
        "timers": {**dossier.timers, f"complaint:{fact.complaint}": Timer("complaint", limit)},
    }


def passed_on(dossier: Dossier, fact: ComplaintForwarded, _step: TimerStep) -> dict[str, Any]:
    """Somebody else deals with it."""
    complaint = replace(dossier.complaints[fact.complaint], handler=fact.to)
    return {"complaints": {**dossier.complaints, fact.complaint: complaint}}


def answered(dossier: Dossier, fact: ComplaintAnswered, _step: TimerStep) -> dict[str, Any]:
    """It is over."""
    complaint = replace(dossier.complaints[fact.complaint], is_open=False)
    return {
        "complaints": {**dossier.complaints, fact.complaint: complaint},
        "timers": without(dossier, f"complaint:{fact.complaint}"),
    }


def inquired(dossier: Dossier, fact: InfoRequested, _step: TimerStep) -> dict[str, Any]:
    """A question is open."""
    return {"questions": {**dossier.questions, fact.info: Inquiry(fact.by, fact.to)}}


def told(dossier: Dossier, fact: InfoAnswered, _step: TimerStep) -> dict[str, Any]:
    """It is answered."""
    question = replace(dossier.questions[fact.info], is_open=False)
    return {"questions": {**dossier.questions, fact.info: question}}
