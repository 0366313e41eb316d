"""Appraisal (Art. 17.2, 17.4, 17.8): what it found, and what of result, Form 02 and refusal may follow."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.rule import first_refusal, ids_of, rule
from hub.dossier.standing import conflict, is_at_intake
from hub.dossier.state.model import Dossier
from hub.regulation.deadlines import supplement_notice_limit
from schemas.base import Request
from schemas.case import AppraisalOutcome, AppraiseCase, CaseAppraised
from schemas.dossier import DeclineDossier, RequestSupplement


@rule("17.2", "An appraisal says what stands against the dossier")
def findings_are_given(_dossier: Dossier, request: AppraiseCase, _context: Context) -> Refused | None:
    """Blank words are none; an eligible dossier needs no words."""
    if request.outcome == "eligible" or (request.findings or "").strip():
        return None
    return Refused("rule.17.2.findings", rule="17.2", fields=("/findings",))


@rule("17.4", "Form 02 follows the appraisal within three working days, and within the handling time")
def notice_limit(dossier: Dossier, request: AppraiseCase, context: Context) -> datetime | None:
    """The law of the sector may set other days. A second appraisal gives no more time than the first."""
    if request.outcome != "to_supplement":
        return None
    law, sector = context.law, request.notice_time
    limit = supplement_notice_limit(
        law.calendar, law.profile, context.now, dossier.measure, sector.working_days if sector else None
    )
    return min(limit, dossier.notice_limit or limit)


def appraise(dossier: Dossier, request: AppraiseCase, context: Context) -> Decision:
    """The appraisal is on record."""
    checks = (findings_are_given,)
    if (refused := first_refusal(checks, dossier, request, context)) is not None:
        return refused
    fact = CaseAppraised(
        officer=request.officer,
        outcome=request.outcome,
        findings=request.findings,
        notice_time=request.notice_time,
        agency=dossier.agency,
        appraised_at=context.now,
        notice_limit=notice_limit(dossier, request, context),
    )
    return Accepted((fact,), ids_of((*checks, notice_limit)))


def _stands(dossier: Dossier, wanted: AppraisalOutcome, context: Context) -> bool:
    """Whether the appraisal found so, or none is on record where none is needed."""
    if dossier.appraisal is None:
        return context.law.profile.handling.appraisal == "if_recorded"
    return dossier.appraisal == wanted


@rule("17.2", "A result follows an appraisal that found the dossier eligible")
def result_follows_appraisal(dossier: Dossier, _request: Request, context: Context) -> Refused | None:
    """By the profile also where no appraisal is on record."""
    if _stands(dossier, "eligible", context):
        return None
    return conflict(dossier, context, "rule.17.2", "17.2")


@rule("17.4", "The agency's Form 02 follows an appraisal that found something to supplement")
def supplement_follows_appraisal(
    dossier: Dossier, request: RequestSupplement, context: Context
) -> Refused | None:
    """At intake nothing is appraised."""
    if request.stage == "intake" or _stands(dossier, "to_supplement", context):
        return None
    return conflict(dossier, context, "rule.17.4.appraisal", "17.4")


@rule("17.8", "A refusal as not eligible follows an appraisal that found so")
def refusal_follows_appraisal(dossier: Dossier, request: DeclineDossier, context: Context) -> Refused | None:
    """Other grounds (competence, gaps that were left) need none."""
    if is_at_intake(dossier) or request.reason != "not_eligible":
        return None
    if _stands(dossier, "not_eligible", context):
        return None
    return conflict(dossier, context, "rule.17.8.appraisal", "17.8")
