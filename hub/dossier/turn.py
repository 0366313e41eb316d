"""Whose turn it is in a dossier, and what it waits for (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.dossier.state.model import APPLICANT, POST, Dossier, Status

Side = Literal["one_stop", "agency", "applicant", "nobody"]
_SIDES: dict[Status, Side] = {
    "submitted": "one_stop",
    "awaiting_supplement": "applicant",
    "accepted": "one_stop",
    "forwarded": "agency",
    "received": "agency",
    "in_process": "agency",
    "result_issued": "one_stop",
    "declined": "nobody",
    "withdrawn": "nobody",
    "returned": "nobody",
}


WaitKind = Literal[
    "supplement", "identity", "reschedule", "payment", "pickup", "original", "loss", "confirmation",
    "verification", "opinion", "leg", "complaint", "call", "question",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Something that was asked for and has not come; `of`: an organisation's code, a role, the applicant.

    `what` says it to operators; `kind` and `name` to whoever has words of his own.
    """

    kind: WaitKind
    what: str
    of: str
    since: datetime | None = None
    name: str = ""


def side_of(dossier: Dossier) -> Side:
    """Who has to do the next step."""
    return _SIDES[dossier.status]


def turn_of(dossier: Dossier) -> str:
    """The same with the organisation's code."""
    side = side_of(dossier)
    if side == "agency":
        return f"agency {dossier.agency}"
    return f"one_stop {dossier.organisation}" if side == "one_stop" else side


def open_requests(dossier: Dossier) -> list[OpenRequest]:
    """What others were asked for, in no order that matters."""
    return list(_open(dossier))


def _open(dossier: Dossier) -> Iterator[OpenRequest]:
    if dossier.status == "awaiting_supplement":
        stage, since = dossier.supplement_stage, dossier.supplement_requested_at
        yield OpenRequest("supplement", f"supplement ({stage})", APPLICANT, since)
    for party in ("owner", "proxy"):
        if (check := getattr(dossier, party)).outcome == "requested":
            what = f"identity of the {party}, check {check.check}"
            yield OpenRequest("identity", what, "population")
    if dossier.apology_due_at is not None:
        yield OpenRequest("reschedule", "the new due time after the apology", dossier.organisation)
    for payment, one in dossier.payments.items():
        if one.status == "requested":
            what = f"payment {payment}, {one.total} VND"
            yield OpenRequest("payment", what, APPLICANT, name=payment)
    yield from _of_papers(dossier)
    yield from _of_words(dossier)


def _of_papers(dossier: Dossier) -> Iterator[OpenRequest]:
    for order, pickup in dossier.pickups.items():
        if pickup.is_open:
            what = f"postal order {order} ({pickup.status})"
            yield OpenRequest("pickup", what, POST, pickup.status_at, order)
    yield from _of_the_agency(dossier)
    for name in sorted(dossier.open_originals):
        what = f"return of {name} to the applicant"
        yield OpenRequest("original", what, dossier.custody[name], name=name)
    for name, loss in dossier.losses.items():
        if loss.is_open:
            what = f"settlement of loss {name} ({len(loss.papers)} papers)"
            yield OpenRequest("loss", what, loss.holder, name=name)
    for hand_over in dossier.hand_overs:
        what = f"confirmation of {len(hand_over.papers)} papers from {hand_over.giver}"
        yield OpenRequest("confirmation", what, hand_over.receiver)


def _of_the_agency(dossier: Dossier) -> Iterator[OpenRequest]:
    for name, verification in dossier.verifications.items():
        if not verification.is_recorded:
            what = f"file of verification {name}"
            yield OpenRequest("verification", what, dossier.agency, verification.at, name)
    for name, opinion in dossier.opinions.items():
        if not opinion.is_given:
            what = f"opinion {name}, until {opinion.answer_by:%Y-%m-%d %H:%M}Z"
            yield OpenRequest("opinion", what, opinion.of, name=name)
    for name in dossier.open_legs:
        leg = dossier.legs[name]
        until = f", until {leg.finish_by:%Y-%m-%d %H:%M}Z" if leg.finish_by else ""
        yield OpenRequest("leg", f"part {name}{until}", leg.of, name=name)


def _of_words(dossier: Dossier) -> Iterator[OpenRequest]:
    for name, complaint in dossier.complaints.items():
        if complaint.is_open:
            yield OpenRequest("complaint", f"answer to complaint {name}", complaint.handler, name=name)
    for name, notice in dossier.notices.items():
        if notice.is_open and notice.channel == "call":
            what = f"a call about notice {name} ({notice.purpose})"
            yield OpenRequest("call", what, dossier.organisation, name=name)
    for name, question in dossier.questions.items():
        if question.is_open:
            what = f"answer to question {name} of {question.by}"
            yield OpenRequest("question", what, question.to, name=name)
