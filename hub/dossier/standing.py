"""Who may act on a dossier, and what is possible in which status."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.dossier.decision import Context, Refused, Sender
from hub.dossier.rules.late import limits_of
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import APPLICANT, POST, Dossier, Status
from hub.regulation.profile import Profile
from hub.regulation.sections import Stage
from schemas.account import RecordAccount
from schemas.archive import ArchiveDossier
from schemas.base import Request
from schemas.case import AppraiseCase, AssignCase, StepCase
from schemas.component import RecordMismatch, ReuseComponent
from schemas.copy import CertifyCopy, RegisterCopy
from schemas.dossier import (
    AcceptDossier,
    DeclineDossier,
    ForwardDossier,
    ReceiveDossier,
    RequestSupplement,
    SupplementDossier,
    WithdrawDossier,
)
from schemas.due import Apologise, FireTimer, Reschedule
from schemas.feedback import AnswerComplaint, ForwardComplaint, RecordComplaint, RecordRating
from schemas.form import ReportForm
from schemas.identity import CheckIdentity, ReportIdentity, VerifyIdentity
from schemas.information import AnswerInfo, RequestInfo
from schemas.leg import FinishLeg, StartLeg
from schemas.loss import RecordLoss, SettleLoss
from schemas.notice import ReportNotice
from schemas.opinion import GiveOpinion, RequestOpinion
from schemas.original import ReturnOriginal, TakeOriginal
from schemas.paper import HandOverPaper, ReceivePaper
from schemas.payment import ReportPayment, RequestPayment
from schemas.person_data import ReportPersonData
from schemas.pickup import CancelPickup, OrderPickup, ReportPickup
from schemas.reminder import IssueReminder
from schemas.replanning import ReplanLimits
from schemas.result import CorrectResult, IssueResult, ReturnResult
from schemas.sync import ReportSync
from schemas.verification import RecordVerification, ScheduleVerification

ALL: frozenset[Status] = frozenset(
    {
        "submitted",
        "awaiting_supplement",
        "accepted",
        "forwarded",
        "received",
        "in_process",
        "result_issued",
        "declined",
        "withdrawn",
        "returned",
    }
)
AT_AGENCY: frozenset[Status] = frozenset({"forwarded", "received", "in_process"})
AT_THE_ONE_STOP: frozenset[Status] = frozenset({"accepted"})
"""In which a one-stop decides itself what was assigned to it (6.2.c): accepted, and not passed on."""
UNDECIDED: frozenset[Status] = AT_AGENCY | {"submitted", "awaiting_supplement", "accepted"}

ALLOWED: Mapping[type[Request], frozenset[Status]] = {
    AcceptDossier: frozenset({"submitted"}),
    RequestSupplement: frozenset({"submitted", "received", "in_process"}),
    SupplementDossier: frozenset({"awaiting_supplement"}),
    DeclineDossier: frozenset({"submitted", "awaiting_supplement", "received", "in_process"}),
    WithdrawDossier: UNDECIDED,
    ForwardDossier: frozenset({"accepted"}),
    ReceiveDossier: frozenset({"forwarded"}),
    AssignCase: AT_AGENCY,
    StepCase: frozenset({"received", "in_process"}),
    AppraiseCase: frozenset({"received", "in_process"}),
    ScheduleVerification: frozenset({"received", "in_process"}),
    RecordVerification: frozenset({"received", "in_process"}),
    RequestOpinion: AT_AGENCY,
    GiveOpinion: AT_AGENCY | {"awaiting_supplement"},
    StartLeg: AT_AGENCY,
    FinishLeg: AT_AGENCY | {"awaiting_supplement"},
    IssueReminder: AT_AGENCY | {"awaiting_supplement"},
    IssueResult: frozenset({"received", "in_process"}),
    Apologise: AT_AGENCY,
    Reschedule: AT_AGENCY,
    ReturnResult: frozenset({"result_issued", "returned"}),
    CorrectResult: frozenset({"result_issued", "returned"}),
    VerifyIdentity: UNDECIDED,
    CheckIdentity: UNDECIDED,
    ReuseComponent: frozenset({"submitted", "awaiting_supplement"}),
    RecordMismatch: UNDECIDED,
    RecordAccount: UNDECIDED,
    OrderPickup: ALL - {"returned"},
    CancelPickup: ALL,
    HandOverPaper: ALL,
    ReceivePaper: ALL,
    TakeOriginal: UNDECIDED,
    ReturnOriginal: ALL,
    ArchiveDossier: frozenset({"returned", "declined", "withdrawn"}),
    RecordRating: ALL,
    RecordComplaint: ALL,
    ForwardComplaint: ALL,
    AnswerComplaint: ALL,
    RequestInfo: ALL,
    AnswerInfo: ALL,
    ReportNotice: ALL,
    ReportForm: ALL,
    RecordLoss: ALL,
    SettleLoss: ALL,
    ReportIdentity: ALL,
    ReportPersonData: ALL,
    ReportPickup: ALL,
    ReportSync: ALL,
    RequestPayment: AT_AGENCY | {"submitted", "accepted", "result_issued"},
    ReportPayment: ALL,
    RegisterCopy: UNDECIDED,
    CertifyCopy: frozenset({"received", "in_process"}),
    FireTimer: ALL,
    ReplanLimits: ALL,
}
"""The statuses in which each request can be accepted at all."""

_REPORTS = frozenset(
    {
        ReportIdentity,
        ReportPersonData,
        ReportPickup,
        ReportSync,
        ReportPayment,
        FireTimer,
        ReplanLimits,
        ReportNotice,
        ReportForm,
    }
)
_ALLOWED_IN: Mapping[Status, tuple[type[Request], ...]] = {
    status: tuple(
        sorted(
            (
                request
                for request, statuses in ALLOWED.items()
                if status in statuses and request not in _REPORTS
            ),
            key=lambda request: request.type,
        )
    )
    for status in ALL
}
"""What somebody may ask for in each status, by type."""
_FREE_ROLES = frozenset(
    {"portal", "postal", "population", "payments", "notifier", "typesetter", "public", "hub"}
)
"""Roles that speak for no organisation."""
_SPEAKERS = frozenset({"counter", "agency"})
_OF_LEGS: frozenset[type[Request]] = frozenset({StartLeg, FinishLeg})
_THROUGH_OTHER_HANDS = frozenset({HandOverPaper, ReceivePaper, AnswerComplaint, AnswerInfo})
"""Papers, questions and complaints: their rules look closer at who acts."""


def possible_now(dossier: Dossier, profile: Profile | None = None) -> tuple[str, ...]:
    """Types of the requests that can be accepted now, sorted; reports of adapters are not listed.

    With the profile, what has been used up (the one supplement, the one apology) is left out.
    """
    return tuple(
        [
            request.type
            for request in _ALLOWED_IN[dossier.status]
            if _has_object(request, dossier)
            and not (profile is not None and _is_used_up(request, dossier, profile))
        ]
    )


def conflict(
    dossier: Dossier, context: Context, code: str = "state.conflict", rule: str | None = None
) -> Refused:
    """The dossier's status does not allow the request: says the status and what is possible."""
    return Refused(code, rule=rule, state=dossier.status, possible=possible_now(dossier, context.law.profile))


def foreign_organisation() -> Refused:
    """The sender does not speak for the organisation whose part it is to act."""
    return Refused("security.foreign_organisation")


def is_at_intake(dossier: Dossier) -> bool:
    """Whether the one-stop still decides about taking the dossier in."""
    if dossier.status == "awaiting_supplement":
        return dossier.supplement_stage == "intake"
    return dossier.status == "submitted"


def is_forwarded(dossier: Dossier) -> bool:
    """Whether the dossier has gone to the agency (16.1)."""
    if dossier.status == "awaiting_supplement":
        return dossier.supplement_stage == "appraisal"
    return dossier.status in AT_AGENCY or bool(dossier.result_papers)


def may_serve(sender: Sender, role: str, organisation: str) -> bool:
    """Whether a sender in a role that speaks for no organisation may act for this one.

    One that is bound to organisations serves those and no others, as it is told of those only.
    """
    return role in sender.roles and _is_open_to(sender, organisation)


def _is_open_to(sender: Sender, organisation: str | None) -> bool:
    return not sender.organisations or organisation in sender.organisations


def _serves(dossier: Dossier, sender: Sender, roles: frozenset[str]) -> bool:
    """In one of these roles; orders of the post may be the agency's, all else is asked by the one-stop."""
    free = _FREE_ROLES & roles
    return bool(free) and (
        _is_open_to(sender, dossier.organisation)
        or ("postal" in free and _is_open_to(sender, dossier.agency))
    )


def has_part(dossier: Dossier, sender: Sender) -> bool:
    """Whether the sender may know of the dossier: it speaks for somebody in it, or serves them."""
    if _serves(dossier, sender, sender.roles):
        return True
    if _SPEAKERS.isdisjoint(sender.roles):
        return False
    named = {dossier.organisation, dossier.agency, dossier.sent_to, dossier.watched_by}
    return (
        not sender.organisations.isdisjoint(named)
        or not sender.organisations.isdisjoint(dossier.custody.values())
        or any(hand_over.receiver in sender.organisations for hand_over in dossier.hand_overs)
        or any(leg.of in sender.organisations for leg in dossier.legs.values())
        or any(opinion.of in sender.organisations for opinion in dossier.opinions.values())
        or not sender.organisations.isdisjoint(dossier.asked_organisations)
    )


@rule("16.1", "Only the agency that the dossier was sent to, or its own one-stop, receives it")
def may_receive(dossier: Dossier, sender: Sender) -> bool:
    """Whether the sender speaks for the competent agency, in whatever role."""
    return dossier.agency in sender.organisations or dossier.sent_to in sender.organisations


def has_standing(dossier: Dossier, request: Request, sender: Sender) -> bool:
    """Whether the sender speaks for the dossier's one-stop or agency, or serves them in another role."""
    if type(request) is GiveOpinion and is_consulted(dossier, request.opinion, sender):
        return True
    if type(request) in _OF_LEGS and has_leg(dossier, sender):
        return True
    return _stands_for(dossier, type(request), sender)


def may_ask(dossier: Dossier, kind: type[Request], sender: Sender) -> bool:
    """Whether the sender has standing for some request of this type, whatever stands in it."""
    if kind is GiveOpinion and any(is_consulted(dossier, name, sender) for name in dossier.opinions):
        return True
    if kind in _OF_LEGS and has_leg(dossier, sender):
        return True
    return _stands_for(dossier, kind, sender)


def _stands_for(dossier: Dossier, kind: type[Request], sender: Sender) -> bool:
    if kind in _THROUGH_OTHER_HANDS:
        return True
    if kind is ReceiveDossier:
        return may_receive(dossier, sender)
    acting = kind.roles & sender.roles
    return (
        _serves(dossier, sender, acting)
        or ("counter" in acting and dossier.organisation in sender.organisations)
        or ("agency" in acting and dossier.agency in sender.organisations)
    )


def is_consulted(dossier: Dossier, opinion: str, sender: Sender) -> bool:
    """Whether the sender acts as the agency of which this opinion was asked (17.5)."""
    known = dossier.opinions.get(opinion)
    return known is not None and "agency" in sender.roles and known.of in sender.organisations


def has_leg(dossier: Dossier, sender: Sender) -> bool:
    """Whether the sender acts as an agency of some part (17.6); its rules look closer."""
    return "agency" in sender.roles and any(leg.of in sender.organisations for leg in dossier.legs.values())


def is_one_stop(dossier: Dossier, sender: Sender) -> bool:
    """Whether the sender acts as the dossier's one-stop."""
    return "counter" in sender.roles and dossier.organisation in sender.organisations


def is_agency(dossier: Dossier, sender: Sender) -> bool:
    """Whether the sender acts as the competent agency."""
    return "agency" in sender.roles and dossier.agency in sender.organisations


def decides_at_the_one_stop(dossier: Dossier, request: Request, sender: Sender) -> bool:
    """Whether a one-stop, and not the agency, issues the result (6.2.c); its rule asks by what authority."""
    return type(request) is IssueResult and is_one_stop(dossier, sender) and not is_agency(dossier, sender)


def speaks_for_holder(holder: str, sender: Sender, other: str) -> bool:
    """Whether the sender may act for who holds a paper; nobody speaks for the applicant.

    A post that is bound to organisations does so where one of them is the `other` side, or the applicant.
    """
    if holder == POST:
        return "postal" in sender.roles and (other == APPLICANT or _is_open_to(sender, other))
    return holder != APPLICANT and holder in sender.organisations


_SIDES = 3
"""One-stop, agency, post: each is rated once (3.1)."""
CANCELLABLE = frozenset({"ordered", "registered"})
"""Statuses of an order that the post has not collected yet."""


def _has_object(request: type[Request], dossier: Dossier) -> bool:
    has = _OBJECTS.get(request)
    return has is None or has(dossier)


_OBJECTS: Mapping[type[Request], Callable[[Dossier], bool]] = {
    Reschedule: lambda dossier: dossier.apology_due_at is not None,
    ReceivePaper: lambda dossier: bool(dossier.hand_overs),
    HandOverPaper: lambda dossier: bool(dossier.custody),
    ReturnResult: lambda dossier: dossier.status == "result_issued" or bool(dossier.to_return_again),
    CorrectResult: lambda dossier: bool(dossier.result_papers),
    RecordLoss: lambda dossier: any(holder != APPLICANT for holder in dossier.custody.values()),
    SettleLoss: lambda dossier: any(loss.is_open for loss in dossier.losses.values()),
    GiveOpinion: lambda dossier: any(not one.is_given for one in dossier.opinions.values()),
    StartLeg: lambda dossier: any(leg.by_slip and dossier.is_ready(leg) for leg in dossier.legs.values()),
    FinishLeg: lambda dossier: any(leg.status == "started" for leg in dossier.legs.values()),
    IssueReminder: lambda dossier: bool(limits_of(dossier)),
    ReturnOriginal: lambda dossier: bool(dossier.open_originals),
    RecordRating: lambda dossier: len(dossier.ratings) < _SIDES,
    ForwardComplaint: lambda dossier: any(one.is_open for one in dossier.complaints.values()),
    AnswerComplaint: lambda dossier: any(one.is_open for one in dossier.complaints.values()),
    AnswerInfo: lambda dossier: any(one.is_open for one in dossier.questions.values()),
    ArchiveDossier: lambda dossier: dossier.archived_at is None,
    CancelPickup: lambda dossier: any(one.status in CANCELLABLE for one in dossier.pickups.values()),
}
"""What a request is about, where there may be none of it."""


def _is_used_up(request: type[Request], dossier: Dossier, profile: Profile) -> bool:
    if request is RequestSupplement:
        stage: Stage = "intake" if dossier.status == "submitted" else "appraisal"
        return dossier.supplements(stage) >= profile.supplement.max_requests(stage)
    if request is Apologise:
        return dossier.apologies >= profile.reschedule.max_count
    if request is Reschedule:
        return dossier.reschedules >= profile.reschedule.max_count
    return False
