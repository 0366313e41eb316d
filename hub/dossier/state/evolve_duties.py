"""Timers of what acts leave to do: applicants are told (15.2.a, 17.9), papers go back (17.4, 17.8)."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.dossier.rules.duties import (
    ANSWER_TOLD,
    NEW_TIME_TOLD,
    PAPERS_BACK,
    answer_told_by,
    new_time_told_by,
    papers_back_with_form_02,
    papers_back_with_refusal,
)
from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.timers import Timers, TimerStep
from schemas.dossier import DossierDeclined, SupplementRequested
from schemas.due import TimerKind


def left_by_form_02(dossier: Dossier, fact: SupplementRequested, step: TimerStep) -> Timers:
    """At intake the applicant is told; after the appraisal the papers go back."""
    if fact.stage == "intake":
        return _watched(ANSWER_TOLD, "notice", answer_told_by(dossier, step.at, step.law))
    return _watched(PAPERS_BACK, PAPERS_BACK, papers_back_with_form_02(dossier, step.at, step.law))


def left_by_form_03(dossier: Dossier, fact: DossierDeclined, step: TimerStep) -> Timers:
    """The same of a dossier that is declined."""
    if fact.mode == "refuse_intake":
        return _watched(ANSWER_TOLD, "notice", answer_told_by(dossier, step.at, step.law))
    return _watched(PAPERS_BACK, PAPERS_BACK, papers_back_with_refusal(dossier, step.at, step.law))


def left_by_form_04(step: TimerStep) -> Timers:
    """The applicant is told of the new time."""
    return _watched(NEW_TIME_TOLD, "notice", new_time_told_by(step.at, step.law))


def _watched(name: str, kind: TimerKind, limit: datetime | None) -> Timers:
    return {name: Timer(kind, limit.astimezone(UTC))} if limit is not None else {}
