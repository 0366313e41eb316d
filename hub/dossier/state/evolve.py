"""What each fact makes of the state of its dossier: the only place where states change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.errors import FactError
from hub.dossier.rules.duties import ANSWER_TOLD, DUTIES, PAPERS_BACK
from hub.dossier.rules.submission import answer_limit
from hub.dossier.rules.transfer import has_two_clocks
from hub.dossier.state.evolve_calendar import CALENDAR
from hub.dossier.state.evolve_copies import copy_certified, copy_registered, keep_digitised
from hub.dossier.state.evolve_correction import corrected
from hub.dossier.state.evolve_custody import custody_with, forward_clocks, handed_over, paper_received
from hub.dossier.state.evolve_deadlines import DEADLINES
from hub.dossier.state.evolve_duties import left_by_form_02, left_by_form_03
from hub.dossier.state.evolve_feedback import (
    answered,
    complained,
    inquired,
    passed_on,
    rated,
    told,
)
from hub.dossier.state.evolve_handling import HANDLING
from hub.dossier.state.evolve_legs import LEGS
from hub.dossier.state.evolve_loss import loss_recorded, loss_settled
from hub.dossier.state.evolve_merger import taken_over
from hub.dossier.state.evolve_notices import notice_failed, notice_requested, noticed, ways_of
from hub.dossier.state.evolve_originals import archived, given_back, taken, without_ended
from hub.dossier.state.evolve_payment import payment_recorded, payment_requested
from hub.dossier.state.evolve_post import cancelled, ordered, progressed
from hub.dossier.state.evolve_reuse import account_created, mismatched, received, reused
from hub.dossier.state.model import APPLICANT, Dossier, Holding, IdentityCheck, Outcome, Status, Timer
from hub.dossier.state.near import with_warnings
from hub.dossier.state.timers import (
    TimerStep,
    clock_timers,
    intake_timer,
    without,
)
from hub.regulation.law import Law
from schemas.account import AccountCreated
from schemas.archive import DossierArchived
from schemas.base import Fact
from schemas.case import CaseAssigned, CaseProgressed
from schemas.component import ComponentReusable, ComponentReused, MismatchRecorded
from schemas.copy import CopyCertified, CopyRegistered
from schemas.dossier import (
    Components,
    DossierAccepted,
    DossierDeclined,
    DossierForwarded,
    DossierReceived,
    DossierSubmitted,
    DossierSupplemented,
    DossierTakenOver,
    DossierWithdrawn,
    SupplementAdded,
    SupplementRequested,
)
from schemas.due import RuleViolated
from schemas.feedback import ComplaintAnswered, ComplaintForwarded, ComplaintRecorded, RatingRecorded
from schemas.form import FormMade
from schemas.identity import (
    IdentityChecked,
    IdentityCheckRequested,
    IdentityMatched,
    IdentityMismatched,
    IdentityUnavailable,
)
from schemas.information import InfoAnswered, InfoRequested
from schemas.loss import LossRecorded, LossSettled
from schemas.notice import NoticeFailed, NoticeRequested, NoticeSent
from schemas.original import OriginalReturned, OriginalTaken
from schemas.paper import PaperHandedOver, PaperReceived
from schemas.party import Party
from schemas.payment import PaymentRecorded, PaymentRequested
from schemas.person_data import PersonDataReceived
from schemas.pickup import PickupCancelled, PickupOrdered, PickupProgressed
from schemas.result import ResultCorrected, ResultIssued, ResultReturned
from schemas.sync import SyncRecorded

_Changes = dict[str, Any]
_CLOCKS = ("intake", "forward", "forward_electronic", "apology", "due", "appointment", "supplement_notice")


def evolve(dossier: Dossier | None, fact: Fact, at: datetime, submitted_by: str, law: Law) -> Dossier:
    """The state after this fact; `at` is its legal time of receipt, `submitted_by` who sent the request.

    `law` is the one that decided the request: timers that the fact starts follow it. Raises FactError.
    """
    step = TimerStep(at.astimezone(UTC), submitted_by, law)
    if type(fact) is DossierSubmitted:
        if dossier is not None:
            raise FactError("a dossier is submitted once")
        return _submitted(fact, step)
    change = _TABLE.get(type(fact))
    if change is None:
        raise FactError(f"no state change is known for {type(fact).__name__}")
    if dossier is None:
        raise FactError("the first fact of a dossier is its submission")
    changes = change(dossier, fact, step)
    if "timers" in changes:
        changes["timers"] = with_warnings(dossier.timers, changes["timers"], step.at, law)
    return without_ended(replace(dossier, sequence=dossier.sequence + 1, **changes))


def _submitted(fact: DossierSubmitted, step: TimerStep) -> Dossier:
    components = _holdings(fact.components)
    holder = fact.organisation if fact.channel == "in_person" else APPLICANT
    limit = fact.intake_limit
    return Dossier(
        status="submitted",
        procedure=fact.procedure,
        organisation=fact.organisation,
        agency=fact.agency,
        channel=fact.channel,
        return_channel=fact.return_channel,
        submitted_by=step.submitted_by,
        submitted_at=_utc(fact.submitted_at),
        law=step.law.versions,
        sequence=1,
        components=components,
        sets=fact.sets,
        is_owner_checked_by_hand=_is_checked_by_hand(fact.applicant),
        has_proxy=fact.proxy is not None,
        is_electronic_only=fact.result_form == "electronic",
        notice_ways=ways_of(fact.notices),
        custody={item.code: holder for item in components if item.is_paper},
        intake_limit=_utc(limit) if limit else None,
        timers=with_warnings({}, intake_timer(_utc(limit)), step.at, step.law) if limit else {},
    )


def _is_checked_by_hand(applicant: Party) -> bool:
    return applicant.identity_number is None and applicant.old_identity_number is None


def _accepted(dossier: Dossier, fact: DossierAccepted, step: TimerStep) -> _Changes:
    due_at, accepted_at = _utc(fact.due_at), _utc(fact.accepted_at)
    components = _holdings(fact.components)
    papers = [item.code for item in components if item.is_paper]
    changes: _Changes = {
        "status": "accepted",
        "code": fact.code,
        "law": step.law.versions,
        "components": components,
        "sets": fact.sets,
        "handling": fact.handling,
        "accepted_at": accepted_at,
        "counted_from": accepted_at,
        "due_at": due_at,
        "timers": {
            **without(dossier, "intake"),
            **clock_timers(due_at, accepted_at, dossier.apologies, step.law),
        },
    }
    if fact.handed_in is None:  # before custody moved by recorded hand-over only
        changes["custody"] = dict.fromkeys(papers, dossier.organisation)
        changes["hand_overs"] = tuple(
            [item for item in dossier.hand_overs if set(papers).isdisjoint(item.papers)]
        )
    else:
        changes["custody"] = custody_with(dossier, papers, fact.handed_in)
    return changes | forward_clocks(replace(dossier, **changes), accepted_at, step.law)


def _supplement_requested(dossier: Dossier, fact: SupplementRequested, step: TimerStep) -> _Changes:
    at_intake = fact.stage == "intake"
    return {
        "status": "awaiting_supplement",
        "resumes_as": dossier.status,
        "supplement_stage": fact.stage,
        "supplement_requested_at": step.at,
        "supplements_intake": dossier.supplements_intake + at_intake,
        "supplements_appraisal": dossier.supplements_appraisal + (not at_intake),
        "overdue_s": dossier.overdue_s + fact.overdue_s,
        "open_points": _points(fact, step.law),
        "notice_limit": dossier.notice_limit if at_intake else None,
        # What the one-stop still has to hand on (16.2) waits for no supplement.
        "timers": {
            **without(dossier, *(set(_CLOCKS) - ({"forward"} if dossier.paper_limit else set())), *DUTIES),
            **left_by_form_02(dossier, fact, step),
        },
    }


def _points(fact: SupplementRequested, law: Law) -> tuple[tuple[int, str], ...]:
    if law.profile.supplement.answers == "any":
        return ()
    return tuple((number, gap.component or "") for number, gap in enumerate(fact.gaps, start=1))


def _brought(dossier: Dossier, fact: DossierSupplemented | SupplementAdded) -> _Changes:
    components = keep_digitised(dossier.components, _holdings(fact.components))
    papers = [item.code for item in components if item.is_paper]
    if fact.handed_in is None:  # before custody moved by recorded hand-over only
        custody = {**dict.fromkeys(papers, dossier.organisation), **dossier.custody}
    else:
        custody = custody_with(dossier, papers, fact.handed_in)
    return {"components": components, "custody": custody}


def _supplement_added(dossier: Dossier, fact: SupplementAdded, _step: TimerStep) -> _Changes:
    left = tuple(point for point in dossier.open_points if point[0] in fact.open_points)
    return {**_brought(dossier, fact), "open_points": left, "timers": without(dossier, ANSWER_TOLD)}


def _supplemented(dossier: Dossier, fact: DossierSupplemented, step: TimerStep) -> _Changes:
    changes: _Changes = {
        "status": dossier.resumes_as,
        "resumes_as": None,
        "supplement_stage": None,
        "supplement_requested_at": None,
        "open_points": (),
        "appraisal": None,
        "timers": without(dossier, ANSWER_TOLD, PAPERS_BACK),
        **_brought(dossier, fact),
    }
    if fact.due_at is None:
        return changes | _intake_again(dossier, fact, step, changes["timers"])
    due_at, completed_at = _utc(fact.due_at), _utc(fact.supplemented_at)
    apologies = dossier.apologies
    if step.law.profile.reschedule.count_per == "run":
        apologies = 0
        changes |= {"apologies": 0, "reschedules": 0}
    return changes | {
        "due_at": due_at,
        "counted_from": completed_at,
        "apology_due_at": None,
        "measured_due_at": None,
        "timers": {**changes["timers"], **clock_timers(due_at, completed_at, apologies, step.law)},
    }


def _intake_again(
    dossier: Dossier, fact: DossierSupplemented, step: TimerStep, timers: dict[str, Timer]
) -> _Changes:
    limit = answer_limit(dossier.channel, fact.supplemented_at, step.law)
    if limit is None:
        return {}
    return {"intake_limit": limit, "timers": {**timers, **intake_timer(limit)}}


def _ended(status: Status) -> Callable[[Dossier, Fact, TimerStep], _Changes]:
    def change(dossier: Dossier, _fact: Fact, _step: TimerStep) -> _Changes:
        return {
            "status": status,
            "resumes_as": None,
            "supplement_stage": None,
            "open_points": (),
            "apology_due_at": None,
            "paper_limit": None,
            "timers": without(dossier, *_CLOCKS, *dossier.asked_timers, *DUTIES),
        }

    return change


def _declined(dossier: Dossier, fact: DossierDeclined, step: TimerStep) -> _Changes:
    changes = _ended("declined")(dossier, fact, step)
    return changes | {"timers": {**changes["timers"], **left_by_form_03(dossier, fact, step)}}


def _forwarded(dossier: Dossier, fact: DossierForwarded, step: TimerStep) -> _Changes:
    clock = "forward_electronic" if has_two_clocks(step.law) else "forward"
    sent_to = fact.to if fact.to != dossier.agency else None
    return {"status": "forwarded", "sent_to": sent_to, "timers": without(dossier, clock)}


def _becomes(status: Status) -> Callable[[Dossier, Fact, TimerStep], _Changes]:
    return lambda _dossier, _fact, _step: {"status": status}


def _issued(dossier: Dossier, fact: ResultIssued, step: TimerStep) -> _Changes:
    holder = fact.decided_by or dossier.agency
    on_paper = {paper.code: holder for paper in fact.papers if paper.mode == "paper_and_electronic"}
    return {
        **_ended("result_issued")(dossier, fact, step),
        "result_papers": tuple([paper.code for paper in fact.papers]),
        "results_left_out": tuple([paper.code for paper in fact.left_out]),
        "custody": {**dossier.custody, **on_paper},
    }


def _returned(dossier: Dossier, fact: ResultReturned, _step: TimerStep) -> _Changes:
    custody = dict(dossier.custody)
    custody.update([(paper, APPLICANT) for paper in fact.papers if paper in custody])
    return {"status": "returned", "custody": custody, "to_return_again": ()}


def _asked(_dossier: Dossier, fact: IdentityCheckRequested, _step: TimerStep) -> _Changes:
    return {fact.party: IdentityCheck("requested", fact.check)}


def _checked(dossier: Dossier, fact: IdentityChecked, _step: TimerStep) -> _Changes:
    return {"papers_checked": (*dossier.papers_checked, fact.party)}


def _answered(
    _dossier: Dossier, fact: IdentityMatched | IdentityMismatched | IdentityUnavailable, _step: TimerStep
) -> _Changes:
    if isinstance(fact, IdentityUnavailable):
        return {fact.party: IdentityCheck("unavailable", fact.check, fact.cause)}
    outcome: Outcome = "matched" if isinstance(fact, IdentityMatched) else "mismatched"
    return {fact.party: IdentityCheck(outcome, fact.check)}


def _nothing(_dossier: Dossier, _fact: Fact, _step: TimerStep) -> _Changes:
    return {}


def _holdings(components: Components) -> tuple[Holding, ...]:
    return tuple(
        [Holding(one.code, one.originals, one.copies, one.electronic, one.digitised) for one in components]
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


_TABLE: Mapping[type[Fact], Callable[[Dossier, Any, TimerStep], _Changes]] = {
    DossierAccepted: _accepted,
    SupplementRequested: _supplement_requested,
    SupplementAdded: _supplement_added,
    DossierSupplemented: _supplemented,
    DossierDeclined: _declined,
    DossierWithdrawn: _ended("withdrawn"),
    DossierForwarded: _forwarded,
    DossierReceived: _becomes("received"),
    DossierTakenOver: taken_over,
    CaseAssigned: _becomes("in_process"),
    CaseProgressed: _nothing,
    **HANDLING,
    **LEGS,
    **CALENDAR,
    ResultIssued: _issued,
    ResultReturned: _returned,
    ResultCorrected: corrected,
    **DEADLINES,
    RuleViolated: _nothing,
    IdentityCheckRequested: _asked,
    IdentityChecked: _checked,
    IdentityMatched: _answered,
    IdentityMismatched: _answered,
    IdentityUnavailable: _answered,
    PaperHandedOver: handed_over,
    PaperReceived: paper_received,
    PersonDataReceived: received,
    ComponentReused: reused,
    ComponentReusable: _nothing,
    AccountCreated: account_created,
    MismatchRecorded: mismatched,
    PickupOrdered: ordered,
    PickupProgressed: progressed,
    PickupCancelled: cancelled,
    SyncRecorded: _nothing,
    PaymentRequested: payment_requested,
    PaymentRecorded: payment_recorded,
    OriginalTaken: taken,
    OriginalReturned: given_back,
    DossierArchived: archived,
    RatingRecorded: rated,
    ComplaintRecorded: complained,
    ComplaintForwarded: passed_on,
    ComplaintAnswered: answered,
    InfoRequested: inquired,
    InfoAnswered: told,
    NoticeRequested: notice_requested,
    NoticeSent: noticed,
    NoticeFailed: notice_failed,
    FormMade: _nothing,
    LossRecorded: loss_recorded,
    LossSettled: loss_settled,
    CopyRegistered: copy_registered,
    CopyCertified: copy_certified,
}
