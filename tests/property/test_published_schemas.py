"""The published JSON Schema of a request and the hub call the same data valid, and the same invalid."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.dossier.decision import Sender
from hub.dossier.rules import (
    answering,
    appraisal,
    correction,
    deadlines,
    declining,
    feedback,
    information,
    interlinked,
    loss,
    opinions,
    results,
    submission,
    supplement,
    urging,
    verifying,
)
from hub.inbound.authorise import Authorised, Reading, authorise
from hub.inbound.directory import Directory
from hub.legal_time import LegalClock
from hub.participants.admission import ROLES
from schemas.case import AppraiseCase
from schemas.dossier import (
    DeclineDossier,
    ForwardDossier,
    RequestSupplement,
    SubmitDossier,
    SupplementDossier,
)
from schemas.due import Apologise
from schemas.feedback import AnswerComplaint, ForwardComplaint, RecordComplaint
from schemas.generate import GENERATED
from schemas.information import AnswerInfo, RequestInfo
from schemas.leg import FinishLeg, StartLeg
from schemas.loss import RecordLoss
from schemas.opinion import GiveOpinion, RequestOpinion
from schemas.registry import REQUESTS
from schemas.reminder import IssueReminder
from schemas.result import CorrectResult, IssueResult
from schemas.verification import RecordVerification, ScheduleVerification
from tests.support.batches import record
from tests.support.dossiers import law_with, submitted
from tests.support.json_schemas import drawn_from, validator

ALL = Sender("all", frozenset({*ROLES, "hub"}), frozenset())
LODGED = submitted().now
READING = Reading(Directory([ALL]), LegalClock(), "live", REQUESTS)
EXTREMES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 100, 2**31, 10**40, 0.5, "", " ", "a", "\x00", "a\nb", "a\n", "e\u0302",
    "\x85", "\ufeff", "a" * 65, "a" * 101, "a" * 251, "a" * 4001, "083090000001", "0100233488",
    "0100233489", "320000001", "000.12.34.H07", "H07.34", "1990-02-30", "1899-12-31", "1990-01-02",
    "2026-01-05T08:00:00", "x@y.z", "x@y\x85.z", "2026-01-05T08:00:00Z", "1999-12-31T23:59:59Z",
    "2200-01-01T00:30:00+07:00", "2026-12-31T23:59:60Z", "2026-12-31T23:59:60+07:00", "organisation",
    "citizen", "enterprise", "refused", "out_of_competence",
    "\u00a0\u3000", [], {}, [None],
)  # fmt: skip
_BY_DATA_ALONE: Mapping[str, Sequence[Any]] = {
    Apologise.type: (deadlines.reason_of_form_04_is_given,),
    AppraiseCase.type: (appraisal.findings_are_given,),
    StartLeg.type: (interlinked.slip_is_named,),
    FinishLeg.type: (interlinked.part_result_is_in_words,),
    ForwardDossier.type: (interlinked.tasks_are_in_words,),
    GiveOpinion.type: (opinions.answer_is_in_words,),
    RequestOpinion.type: (opinions.content_is_given,),
    IssueReminder.type: (urging.reminder_is_in_words, urging.letter_is_by_order),
    IssueResult.type: (results.result_is_whole,),
    RecordVerification.type: (verifying.findings_are_in_words, verifying.file_is_there),
    ScheduleVerification.type: (verifying.appointment_is_in_words,),
    SupplementDossier.type: (answering.answers_are_to_points,),
    DeclineDossier.type: (declining.intake_reason_is_given, declining.competent_agency_is_named),
    RequestSupplement.type: (supplement.intake_reasons_are_given,),
    SubmitDossier.type: (submission.proxy_has_deed,),
    RecordComplaint.type: (feedback.complaint_says_what,),
    ForwardComplaint.type: (feedback.summary_is_in_words,),
    AnswerComplaint.type: (feedback.answer_is_in_words,),
    RequestInfo.type: (information.question_is_in_words,),
    AnswerInfo.type: (information.answer_is_in_words,),
    RecordLoss.type: (loss.circumstances_are_given,),
    CorrectResult.type: (correction.reason_of_correction_is_given,),
}
"""Rules that look at the data alone, once the stage is known; the schemas say them too, under their codes."""
_THE_SAME_PERSON = {
    (f"/proxy/{number}",)
    for number in ("identity_number", "old_identity_number", "travel_document", "tax_code")
}
"""That two values differ is nothing that a schema can say."""
_GIVEN_AND_LEFT_OUT = ("/left_out",)
"""Nor that no result stands in both lists."""
ANY = SimpleNamespace(
    law=law_with(supplement={"answers": "any"}, returning={"result_papers": "any"}), now=None
)
"""A law that asks for nothing of the dossier itself."""
FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

each_request = pytest.mark.parametrize("name", REQUESTS)


@cache
def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GENERATED / "json-schema" / f"{name}.json").read_text("utf-8"))
    return loaded


@cache
def values(name: str) -> st.SearchStrategy[Any]:
    return drawn_from(schema(name))


def fault(name: str, data: Any) -> str | None:
    """What the hub says to the data without any dossier, as words and paths."""
    found = authorise(record(name, "ref:1", json.dumps(data).encode(), "e1", sender="all"), READING)
    if not isinstance(found, Authorised):
        return found.why.code
    refusal = found.refusal
    if refusal is not None:
        return f"{refusal.code} {refusal.faults}"
    rules: Sequence[Any] = _BY_DATA_ALONE.get(name, ())
    said = (rule.function(LODGED, found.request, ANY) for rule in rules)
    unsaid = {*_THE_SAME_PERSON, _GIVEN_AND_LEFT_OUT}
    return next((f"{no.code} {no.fields}" for no in said if no and no.fields not in unsaid), None)


def test_each_published_rule_of_the_data_alone_is_asked_here() -> None:
    said = {name for name in REQUESTS if '"$comment": "rule.' in json.dumps(schema(name))}
    assert said == _BY_DATA_ALONE.keys()


@each_request
def test_what_the_published_schema_allows_the_hub_takes(name: str) -> None:
    @FEW
    @given(values(name))
    def holds(data: Any) -> None:
        assert fault(name, data) is None

    holds()


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """One place is dropped, added or replaced."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return {name: inner for name, inner in value.items() if name != key}
        if kind == 1:
            return {**value, draw(st.sampled_from(("added", "tax_code", "items", "organisation"))): "x"}
        return {**value, key: draw(mutated(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        if draw(st.booleans()):
            return value * draw(st.sampled_from((2, 60)))
        return [draw(mutated(value[0])), *value[1:]]
    return draw(st.sampled_from(EXTREMES))


@each_request
def test_of_changed_data_the_hub_refuses_exactly_what_the_schema_refuses(name: str) -> None:
    by_schema = validator(schema(name))

    @FEW
    @given(values(name).flatmap(mutated))
    def holds(data: Any) -> None:
        said = fault(name, data)
        wrong = [error.message for error in by_schema.iter_errors(data)]
        assert bool(wrong) == (said is not None), (wrong, said)

    holds()
