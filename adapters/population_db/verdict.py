"""From the answer to the outcome (pure): match, no match, refused for good, or could not ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from adapters.population_db.failure import Failure, NotAsked
from adapters.population_db.mapping import Answer, Citizen, Found, SoapFault, Unreadable, Verified
from adapters.population_db.person_fields import data_of, relatives_of
from adapters.population_db.question import Asking, Question
from adapters.population_db.reasons import reject
from adapters.population_db.settings import FaultKind, PopulationSettings
from hub.delivery.outcome import Delivered, Outcome, RetryAt


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that was made: the fact, the question as sent, the dossier, and when."""

    asking: Asking
    question: Question
    dossier: str
    at: datetime


def outcome_of(asked: Asked, answer: Answer | NotAsked, settings: PopulationSettings) -> Outcome:
    """Return how the check ended; whatever is not a clear yes or no is never a mismatch."""
    match answer:
        case Verified(is_match):
            return _answered(asked, is_match)
        case Found(citizens):
            return _looked_up(asked, citizens)
        case SoapFault(code):
            return _after_fault(settings.fault_codes.get(code), settings)
        case Unreadable():
            return RetryAt(settings.retry_s, "population.answer_unreadable")
        case NotAsked(failure, retry_after_s):
            return _after_failure(failure, retry_after_s, settings)
        case _:
            assert_never(answer)


def is_reused(answer: Answer | NotAsked, settings: PopulationSettings) -> bool:
    """Whether the counterpart refused because it has seen this MaYeuCau before."""
    return isinstance(answer, SoapFault) and settings.fault_codes.get(answer.code) == "reused"


def _looked_up(asked: Asked, citizens: tuple[Citizen, ...]) -> Outcome:
    if not citizens:
        return _answered(asked, False)
    if len(citizens) != 1 or not _is_about(asked.question, citizens[0]):
        return reject("population.answer_ambiguous")
    answered = _answered(asked, True)
    if not asked.question.fields:
        return answered
    person_data = {
        "usable_until": (asked.at + timedelta(hours=asked.question.use_hours)).isoformat(),
        "data": data_of(citizens[0].fields),
        "relatives": relatives_of(citizens[0].relatives),
    }
    return Delivered({**answered.answer, "person_data": person_data})


def _is_about(question: Question, citizen: Citizen) -> bool:
    if question.identity_number is not None:
        return citizen.identity_number == question.identity_number
    return citizen.old_identity_number == question.old_identity_number


def _answered(asked: Asked, is_match: bool) -> Delivered:
    """Keep what a reconciliation with the provider's log needs (NĐ 47/2020 Art. 45)."""
    fact = asked.asking.fact
    answer: dict[str, Any] = {
        "outcome": "matched" if is_match else "mismatched",
        "check": fact.check,
        "asked_at": asked.at.isoformat(),
        "operation": asked.question.operation,
        "request_id": asked.question.request_id,
        "service_code": asked.question.service_code,
        "officer_account": fact.officer_account,
        "organisation": fact.organisation,
        "dossier": asked.dossier,
    }
    return Delivered(answer)


def _after_fault(kind: FaultKind | None, settings: PopulationSettings) -> Outcome:
    match kind:
        case "not_licensed" | "officer_unknown" | "request_invalid":
            return reject(f"population.rejected.{kind}")
        case "credentials":
            return RetryAt(settings.credentials_retry_s, "population.credentials")
        case "clock":
            return RetryAt(settings.clock_retry_s, "population.clock")
        case "busy":
            return RetryAt(settings.busy_retry_s, "population.busy")
        case "reused":
            return reject("population.request_ids_used_up")
        case None:
            return RetryAt(settings.retry_s, "population.soap_fault")
        case _:
            assert_never(kind)


def _after_failure(failure: Failure, retry_after_s: float | None, settings: PopulationSettings) -> RetryAt:
    match failure:
        case "credentials":
            delay_s = settings.credentials_retry_s
        case "clock":
            delay_s = settings.clock_retry_s
        case "busy":
            delay_s = max(retry_after_s or 0.0, settings.busy_retry_s)
        case "timeout" | "unreachable" | "http_error":
            delay_s = settings.retry_s
        case _:
            assert_never(failure)
    return RetryAt(delay_s, f"population.{failure}")
