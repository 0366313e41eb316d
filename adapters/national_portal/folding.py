"""Each message of `out.portal` into the record of its dossier, and into its progress line (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.national_portal.mapping import file_ending, shown_time
from adapters.national_portal.record import Bill, File, Line, Record, Supplement
from adapters.national_portal.status_codes import Situation
from adapters.national_portal.texts import StepKey, step_text
from hub.delivery.adapter import OutMessage
from schemas.base import Fact
from schemas.case import CaseAssigned, CaseProgressed
from schemas.component import ComponentReused
from schemas.copy import CopyFile, CopyRegistered
from schemas.dossier import (
    Components,
    DossierAccepted,
    DossierDeclined,
    DossierForwarded,
    DossierSubmitted,
    DossierSupplemented,
    DossierWithdrawn,
    SupplementRequested,
)
from schemas.due import ApologySent, DueRescheduled
from schemas.payment import PaymentRecorded, PaymentRequested
from schemas.replanning import LimitMoved
from schemas.result import ResultIssued, ResultReturned

_MAX_CONTENT = 2000
"""Longer notes broke the sync of a real province (contract 2.3)."""
_REFUSED: Mapping[int | None, Situation] = {8: "stopped", 9: "finished", 10: "returned"}
"""How the regulation has the agency's refusal shown; facts of before it was asked were shown as stopped."""


class UnreadableError(ValueError):
    """The message is no fact of its type, or its dossier's beginning is missing."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a fact changes, and how its line reads (None: it has none); `words` fill the line's text."""

    changes: Mapping[str, Any]
    text: StepKey | None
    words: str = ""
    officer: str | None = None
    is_agency: bool = False


def read_fact(message: OutMessage) -> Fact:
    """The fact of a message that this adapter handles; UnreadableError for bytes that are none."""
    model = MODELS.get(message.type)
    if model is None:
        raise UnreadableError(f"no fact of the portal: {message.type}")
    try:
        return model.model_validate_json(message.data, extra="ignore")
    except ValueError:  # pydantic's own, whose text quotes what was read
        raise UnreadableError(f"unreadable {message.type}") from None


def fold(
    record: Record | None, message: OutMessage, portal_code: str | None = None
) -> tuple[Record, Line | None]:
    """The record after a message, and the message's line; `portal_code` of a dossier lodged there.

    There is no line for a copy or what is reused, and none while the dossier has no code under which the
    portal could know it. Raises UnreadableError.
    """
    fact = read_fact(message)
    if isinstance(fact, DossierSubmitted):
        after, step = _begun(fact, portal_code), _Step({}, "submitted")
    elif record is None:
        raise UnreadableError("the dossier's submission is not known")
    else:
        step = _STEPS[type(fact)](record, fact, message)
        after = record.model_copy(update=dict(step.changes))
    if after.wire_code is None or step.text is None:
        return after, None
    line = Line(
        situation=after.shown,
        content=step_text(step.text, step.words)[:_MAX_CONTENT],
        officer=step.officer,
        unit=after.agency if step.is_agency else after.organisation,
        at=message.time,
        due_at=after.due_at,
    )
    return after, line


def _begun(fact: DossierSubmitted, portal_code: str | None) -> Record:
    return Record(
        situation="registered",
        procedure=fact.procedure,
        organisation=fact.organisation,
        agency=fact.agency,
        channel=fact.channel,
        return_channel=fact.return_channel,
        applicant=fact.applicant,
        summary=fact.summary,
        portal_code=portal_code,
        submitted_at=fact.submitted_at,
        electronic=_electronic(fact.components),
    )


def _electronic(components: Components) -> tuple[str, ...]:
    return tuple(item.code for item in components if item.electronic)


def _accepted(_record: Record, fact: DossierAccepted, _message: OutMessage) -> _Step:
    changes = {
        "situation": "accepted",
        "code": fact.code,
        "accepted_at": fact.accepted_at,
        "due_at": fact.due_at,
        "electronic": _electronic(fact.components),
    }
    return _Step(changes, "accepted", officer=fact.officer.name)


def _declined(_record: Record, fact: DossierDeclined, message: OutMessage) -> _Step:
    at_intake = fact.mode == "refuse_intake"
    changes: dict[str, Any] = {
        "situation": "declined" if at_intake else _REFUSED.get(fact.status, "stopped"),
        "resumes_as": None,
        "declined_at": message.time,
        "finished_at": message.time,
    }
    return _Step(changes, "declined", fact.explanation, fact.officer.name, is_agency=not at_intake)


def _withdrawn(_record: Record, _fact: DossierWithdrawn, message: OutMessage) -> _Step:
    return _Step({"situation": "withdrawn", "resumes_as": None, "finished_at": message.time}, "withdrawn")


def _forwarded(_record: Record, fact: DossierForwarded, _message: OutMessage) -> _Step:
    return _Step({"situation": "in_process"}, "forwarded", officer=fact.officer.name)


def _assigned(_record: Record, fact: CaseAssigned, _message: OutMessage) -> _Step:
    return _Step({"situation": "in_process"}, "assigned", officer=fact.assignee.name, is_agency=True)


def _progressed(_record: Record, fact: CaseProgressed, _message: OutMessage) -> _Step:
    return _Step({}, "progressed", fact.step, is_agency=True)


def _supplement_requested(record: Record, fact: SupplementRequested, message: OutMessage) -> _Step:
    words = "; ".join(f"{gap.component}: {gap.reason}" if gap.component else gap.reason for gap in fact.gaps)
    asked = Supplement(
        request=message.id,
        content=words[:_MAX_CONTENT],
        officer=fact.officer.name,
        components=tuple(gap.component for gap in fact.gaps if gap.component),
        asked_at=message.time,
        due_before=record.due_at,
    )
    changes = {
        "situation": "awaiting_supplement",
        "resumes_as": record.situation,
        "supplements": (*record.supplements, asked),
    }
    return _Step(
        changes, "supplement_requested", words, fact.officer.name, is_agency=fact.stage == "appraisal"
    )


def _supplemented(record: Record, fact: DossierSupplemented, _message: OutMessage) -> _Step:
    changes = {
        "situation": record.resumes_as or record.situation,
        "resumes_as": None,
        "electronic": _electronic(fact.components),
        "due_at": fact.due_at or record.due_at,
        "supplements": tuple(
            asked
            if asked.received_at is not None
            else asked.model_copy(
                update={"received_at": fact.supplemented_at, "due_after": fact.due_at or record.due_at}
            )
            for asked in record.supplements
        ),
    }
    return _Step(changes, "supplemented")


def _issued(_record: Record, fact: ResultIssued, _message: OutMessage) -> _Step:
    changes = {"situation": "finished", "finished_at": fact.issued_at, "results": fact.papers}
    return _Step(changes, "issued", officer=fact.signer.name, is_agency=True)


def _returned(_record: Record, fact: ResultReturned, _message: OutMessage) -> _Step:
    return _Step({"situation": "returned", "returned_at": fact.returned_at}, "returned")


def _rescheduled(_record: Record, fact: DueRescheduled, _message: OutMessage) -> _Step:
    return _Step({"due_at": fact.new_due_at}, "rescheduled", officer=fact.officer.name)


def _moved(_record: Record, fact: LimitMoved, _message: OutMessage) -> _Step:
    """Of limits that a later calendar moved only the due time comes here."""
    return _Step({"due_at": fact.new_due_at}, "moved")


def _apologised(_record: Record, fact: ApologySent, _message: OutMessage) -> _Step:
    """Form 04 as the applicant reads it; the one-stop has the time changed with its own message."""
    words = f"{shown_time(fact.new_due_at)}: {fact.reason}"
    return _Step({}, "apologised", words, fact.officer.name, is_agency=True)


def _payment_requested(record: Record, fact: PaymentRequested, _message: OutMessage) -> _Step:
    bill = Bill(payment=fact.payment, items=fact.items, total=fact.total, asked_at=fact.requested_at)
    words = f"{fact.total:,}".replace(",", ".")
    return _Step({"bills": (*record.bills, bill)}, "payment_requested", words, fact.officer.name)


def _payment_recorded(record: Record, fact: PaymentRecorded, _message: OutMessage) -> _Step:
    known = {bill.payment: bill for bill in record.bills}
    before = known.get(fact.payment) or Bill(
        payment=fact.payment, items=fact.items, total=fact.amount, asked_at=fact.at
    )
    known[fact.payment] = before.model_copy(
        update={
            "status": fact.status,
            "is_paid_on_portal": fact.status == "paid" and fact.place == "portal",
        }
    )
    text: StepKey = "payment_paid" if fact.status == "paid" else "payment_refused"
    return _Step({"bills": tuple(known.values())}, text)


def _copied(record: Record, fact: CopyRegistered, _message: OutMessage) -> _Step:
    return _Step(_with_files(record, fact.component, fact.files, is_reused=False), None)


def _reused(record: Record, fact: ComponentReused, _message: OutMessage) -> _Step:
    """Data that take the place of a paper have no field there."""
    if fact.paper is None:
        return _Step({}, None)
    return _Step(_with_files(record, fact.component, fact.paper.files, is_reused=True), None)


def _with_files(
    record: Record, component: str, files: tuple[CopyFile, ...], *, is_reused: bool
) -> Mapping[str, Any]:
    new = tuple(
        File(
            component=component,
            sha256=file.digest,
            name=f"{component}-{number}.{file_ending(file.media_type)}",
            is_reused=is_reused,
        )
        for number, file in enumerate(files, start=1)
    )
    kept = tuple(file for file in record.files if file.component != component)
    return {"files": kept + new}


_STEPS: Mapping[type[Fact], Callable[[Record, Any, OutMessage], _Step]] = {
    DossierAccepted: _accepted,
    DossierDeclined: _declined,
    DossierWithdrawn: _withdrawn,
    DossierForwarded: _forwarded,
    CaseAssigned: _assigned,
    CaseProgressed: _progressed,
    SupplementRequested: _supplement_requested,
    DossierSupplemented: _supplemented,
    ResultIssued: _issued,
    ResultReturned: _returned,
    ApologySent: _apologised,
    DueRescheduled: _rescheduled,
    LimitMoved: _moved,
    PaymentRequested: _payment_requested,
    PaymentRecorded: _payment_recorded,
    CopyRegistered: _copied,
    ComponentReused: _reused,
}
_FACTS: tuple[type[Fact], ...] = (DossierSubmitted, *_STEPS)
MODELS: Mapping[str, type[Fact]] = {model.type: model for model in _FACTS}
"""What the portal must know, by the type on the wire."""
WITHOUT_LINE = frozenset({CopyRegistered.type, ComponentReused.type})
"""What changes the dossier at the portal and is no step of it."""
