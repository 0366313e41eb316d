"""What a decision gets and gives: the seam between the pure rules and the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from hub.dossier.source import SourceDossier
from hub.dossier.verification import CopyOutcome
from hub.regulation.law import Law
from hub.regulation.registered import NONE as NO_REGISTERS
from hub.regulation.registered import Registers
from schemas.account import RecordAccount
from schemas.base import Fact, Request
from schemas.component import ReuseComponent
from schemas.dossier import AcceptDossier, DeclineDossier, ForwardDossier, RequestSupplement
from schemas.due import Apologise
from schemas.identity import CheckIdentity, VerifyIdentity
from schemas.leg import FinishLeg, StartLeg
from schemas.notice import NoticeWish, ReportNotice
from schemas.party import Party, Proxy
from schemas.payment import RequestPayment
from schemas.pickup import ReportPickup
from schemas.receipt import Fault
from schemas.replanning import ReplanLimits
from schemas.result import IssueResult
from schemas.verification import ScheduleVerification

NEEDS_CODE: frozenset[type[Request]] = frozenset({AcceptDossier})
"""Requests for which the context must hold `next_code`."""
NEEDS_APPLICANT: frozenset[type[Request]] = frozenset(
    {ForwardDossier, StartLeg, FinishLeg, ReuseComponent, RecordAccount, VerifyIdentity, CheckIdentity}
)
"""Requests for which the context must hold `applicant`: states keep nothing personal."""
CAN_TELL: frozenset[type[Request]] = frozenset(
    {
        AcceptDossier, RequestSupplement, DeclineDossier, Apologise, IssueResult, RequestPayment,
        ReportPickup, ReportNotice, ScheduleVerification, ReplanLimits,
    }
)  # fmt: skip
"""Requests of which an applicant who agreed to a way can have to be told: they need `notices` too."""


class Sender(Struct, frozen=True, gc=False):
    """The participant that owns the topic: its roles and the organisations that it speaks for."""

    name: str
    roles: frozenset[str]
    organisations: frozenset[str]


NextCode = Callable[[], str | None]
"""Draws the next official code; None when those of the unit's day are used up."""


class Context(Struct, frozen=True, gc=False):
    """What a rule may know beside the dossier and the request.

    `now` is the legal time of receipt (aware, UTC); `event_time` the sender's own time, used only where the
    law counts from the act; `dossier_id` the canonical id; `next_code` draws the code of an acceptance;
    `applicant`, `proxy`, `notices` and `sender_address` those of the submission, opened from what is kept
    sealed of it;
    `copies` what verifying the signed packages that the request names has shown, by their digest; `sources`
    the other dossiers that the request names, by their code, as far as the hub has them; `registers` what
    operators have imported; `later` the law with the calendar to which the request passes over.
    """

    law: Law
    sender: Sender
    now: datetime
    event_time: datetime
    dossier_id: str
    request_id: str
    next_code: NextCode | None = None
    applicant: Party | None = None
    copies: Mapping[str, CopyOutcome] = {}
    sources: Mapping[str, SourceDossier] = {}
    proxy: Proxy | None = None
    registers: Registers = NO_REGISTERS
    notices: NoticeWish | None = None
    later: Law | None = None
    sender_address: str | None = None


class Accepted(Struct, frozen=True, gc=False):
    """The request becomes these facts, in order; `rules` are the ids of the rules that were applied."""

    facts: tuple[Fact, ...]
    rules: tuple[str, ...] = ()


class Refused(Struct, frozen=True, gc=False):
    """A rule said no: `code` is stable (`rule.15.6.c2`, `state.conflict`) and selects the texts.

    `faults` say of each of the `fields` what is wrong there, where data do not follow their schema.
    """

    code: str
    rule: str | None = None
    fields: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    state: str | None = None
    possible: tuple[str, ...] = ()


Decision = Accepted | Refused
