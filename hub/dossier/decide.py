"""The decision on one request: dispatch to the chapter of the regulation that rules it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.dossier.decision import Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.matters import decide_matter
from hub.dossier.room import no_room
from hub.dossier.rules import (
    account,
    announcing,
    answering,
    appraisal,
    archiving,
    copies,
    correction,
    custody,
    deadlines,
    declining,
    feedback,
    handling,
    identity,
    identity_paper,
    information,
    intake,
    interlinked,
    loss,
    opinions,
    originals,
    payment,
    post,
    printing,
    replanning,
    returning,
    reuse,
    submission,
    supplement,
    sync,
    transfer,
    urging,
    verifying,
)
from hub.dossier.rules.roster import marks_of, with_marks
from hub.dossier.rules.rule import first_refusal
from hub.dossier.rules.succession import after_taking_over, successor_goes_on, with_take_over
from hub.dossier.rules.telling import with_notices
from hub.dossier.standing import (
    ALLOWED,
    AT_THE_ONE_STOP,
    conflict,
    decides_at_the_one_stop,
    foreign_organisation,
    has_standing,
)
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import Dossier
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
    SubmitDossier,
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

_OF_NO_DOSSIER = frozenset({"matter", "none"})
_Act = Callable[[Dossier, Any, Context], Decision]


def decide(dossier: State | None, request: Request, context: Context) -> Decision:
    """Facts or a refusal; pure.

    What is about no dossier, or names a matter, goes to `hub.dossier.matters`. Of a dossier:
    Checked in this order: the dossier exists, the sender may act on it, its status allows the request, there
    is room for one more of its kind, the rules of the chapter. Raises ContextError when the engine left out
    what the request needs, and BeyondLawError when a period leaves the calendar, or a unit is none of the
    profile's.
    """
    if type(dossier) is Matter or request.subject in _OF_NO_DOSSIER:
        return _about_a_matter(dossier, request, context)
    if type(request) is SubmitDossier:
        if dossier is not None:
            return Refused("reference.in_use")
        return with_marks(submission.submit(request, context), marks_of(None, request, context))
    act = DECISIONS.get(type(request))
    if act is None:
        raise ContextError(f"no rule decides {type(request).__name__}")
    if dossier is None:
        return Refused("unknown_dossier")
    for taken in successor_goes_on(dossier, context) if context.registers.organisations else ():
        return with_take_over(_decided(act, after_taking_over(dossier, taken), request, context), taken)
    return _decided(act, dossier, request, context)


def _about_a_matter(state: State | None, request: Request, context: Context) -> Decision:
    if isinstance(state, Dossier) or isinstance(request, SubmitDossier):
        return Refused("reference.in_use")
    return decide_matter(state, request, context)


def _decided(act: _Act, dossier: Dossier, request: Request, context: Context) -> Decision:
    if not has_standing(dossier, request, context.sender):
        return foreign_organisation()
    statuses = ALLOWED[type(request)]
    if type(request) in AGENCY_WORK:
        if decides_at_the_one_stop(dossier, request, context.sender):
            statuses = AT_THE_ONE_STOP
        elif (refused := first_refusal(handling.NEEDS_FORWARDING, dossier, request, context)) is not None:
            return refused
    if dossier.status not in statuses:
        return conflict(dossier, context)
    if (refused := no_room(dossier, request)) is not None:
        return refused
    decided = with_marks(act(dossier, request, context), marks_of(dossier, request, context))
    return with_notices(dossier, decided, context)


AGENCY_WORK = frozenset(
    {AssignCase, StepCase, AppraiseCase, ScheduleVerification, RecordVerification, IssueResult}
)
"""Requests that need the dossier to have come through the one-stop."""

DECISIONS: Mapping[type[Request], _Act] = {
    AcceptDossier: intake.accept,
    DeclineDossier: declining.decline,
    WithdrawDossier: declining.withdraw,
    RequestSupplement: supplement.request_supplement,
    SupplementDossier: answering.supplement,
    ForwardDossier: transfer.forward,
    ReceiveDossier: transfer.receive,
    AssignCase: handling.assign,
    StepCase: handling.step,
    AppraiseCase: appraisal.appraise,
    ScheduleVerification: verifying.schedule,
    RecordVerification: verifying.record,
    RequestOpinion: opinions.request_opinion,
    GiveOpinion: opinions.give_opinion,
    StartLeg: interlinked.start,
    FinishLeg: interlinked.finish,
    IssueReminder: urging.issue,
    IssueResult: handling.issue_result,
    Apologise: deadlines.apologise,
    Reschedule: deadlines.reschedule,
    FireTimer: deadlines.fire,
    ReplanLimits: replanning.replan,
    CorrectResult: correction.correct,
    ReturnResult: returning.return_result,
    HandOverPaper: custody.hand_over,
    ReceivePaper: custody.receive,
    TakeOriginal: originals.take,
    ReturnOriginal: originals.give_back,
    ArchiveDossier: archiving.archive,
    RecordRating: feedback.rate,
    RecordComplaint: feedback.record,
    ForwardComplaint: feedback.forward,
    AnswerComplaint: feedback.answer,
    RequestInfo: information.ask,
    AnswerInfo: information.answer,
    ReportNotice: announcing.report,
    ReportForm: printing.record,
    RecordLoss: loss.record,
    SettleLoss: loss.settle,
    VerifyIdentity: identity.verify,
    CheckIdentity: identity_paper.check,
    ReportIdentity: identity.report,
    ReportPersonData: reuse.receive,
    ReuseComponent: reuse.reuse,
    RecordAccount: account.record,
    RecordMismatch: reuse.record_mismatch,
    OrderPickup: post.order,
    CancelPickup: post.cancel,
    ReportPickup: post.report,
    ReportSync: sync.record,
    RequestPayment: payment.request_payment,
    ReportPayment: payment.report,
    RegisterCopy: copies.register,
    CertifyCopy: copies.certify,
}
"""What decides each request about a dossier that is there."""
