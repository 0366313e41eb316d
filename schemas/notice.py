"""Notices to the applicant: who is told what, on which way, and the proof (Art. 15.2.a, 17.9, 18.4)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.pickup import PickupStatus
from schemas.together import Ruled, Together
from schemas.types import (
    Amount,
    DossierCode,
    Email,
    Instant,
    Line,
    NoticeChannel,
    OrganisationCode,
    Phone,
    ProcedureCode,
    Reference,
    Text,
)

NoticePurpose = Literal[
    "intake", "reschedule", "early_return", "receipt", "supplement", "decline", "ready", "fee", "post",
    "appointment", "moved",
]  # fmt: skip
"""The answer to a dossier that was lodged online (15.2.a); the new time of Form 04 (17.9); a result that can
be had before its time (18.4); Form 01, Form 02, Form 03; a result that can be had; a fee that is due; what
the post did with a parcel; a verification at which the applicant has to be there (17.3.b); a due time that
a later calendar moved."""
AgreedChannel = Literal["email", "sms"]
"""The ways on which the hub has notices sent: those to which an applicant agreed."""
Language = Literal["vi", "en"]


class NoticeWish(Ruled):
    """Where the applicant agreed to be told, and in which language: used for nothing else.

    E-mail goes first, since it can hold all of a guidance, then the message to the telephone.
    """

    rules: ClassVar[tuple[Together, ...]] = (Together(("email", "phone"), least=1),)
    email: Email | None = None
    phone: Phone | None = None
    language: Language = "vi"


class _Notice(Wire):
    purpose: NoticePurpose
    channel: NoticeChannel
    at: Instant
    proof: Reference | None = None
    notice: Reference | None = None


class ReportNotice(_Notice, Request):
    """What became of a notice to the applicant; a call is reported by the counter that made it.

    `proof` is the number under which the gateway has it; `failure` says why it did not reach the applicant.
    `notice` is the one that the hub asked for, where it did.
    """

    type: ClassVar[str] = "onestop.notice.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"notifier", "counter"})
    failure: Line | None = None


class NoticePoint(Wire):
    """What is missing or wrong, the reason of a refusal or a delay, place and content of an appointment."""

    text: Text


class NoticeRequested(Fact):
    """The applicant has to be told on this way; `notice` is its name in the dossier, `rule` what asks for it.

    It holds what the text for this purpose needs, and the one address that it goes to: `points` (why) and
    `guidance` only for e-mail. `competent` is where a dossier out of competence belongs (15.2.a).
    """

    type: ClassVar[str] = "onestop.notice.requested.v1"
    notice: Reference
    purpose: NoticePurpose
    rule: Line
    channel: AgreedChannel
    email: Email | None = None
    phone: Phone | None = None
    language: Language
    organisation: OrganisationCode
    organisation_name: Line | None = None
    procedure: ProcedureCode
    procedure_title: Line | None = None
    code: DossierCode | None = None
    due_at: Instant | None = None
    points: tuple[NoticePoint, ...] = Field(default=(), max_length=50)
    guidance: Text | None = None
    competent: OrganisationCode | None = None
    amount: Amount | None = None
    status: PickupStatus | None = None


class NoticeSent(_Notice, Fact):
    """The applicant was told; `rule` is what asks for it."""

    type: ClassVar[str] = "onestop.notice.sent.v1"
    rule: Line


class NoticeFailed(_Notice, Fact):
    """The applicant was not reached on this way; `rule` is what asks for the notice.

    `then` is the way that is taken instead, of a notice that the hub asked for: `call` is for the counter.
    """

    type: ClassVar[str] = "onestop.notice.failed.v1"
    rule: Line
    failure: Line
    then: NoticeChannel | None = None
