"""The end without a result (Art. 14.2, 15.1.c, 15.2.a, 17.4, 17.8): Form 03, and withdrawal by applicants."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.appraisal import refusal_follows_appraisal
from hub.dossier.rules.duties import DUTIES
from hub.dossier.rules.late import running_due, unfired, violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, is_agency, is_at_intake, is_one_stop
from hub.dossier.state.model import Dossier
from hub.regulation.sections import Stage
from schemas.dossier import DeclineDossier, DossierDeclined, DossierWithdrawn, WithdrawDossier


@rule("15.1.c", "The one-stop declines with a reason; after acceptance only the agency does (17.8)")
def decliner_is_right(dossier: Dossier, _request: DeclineDossier, context: Context) -> Refused | None:
    """Form 03 at intake is the one-stop's, refusal to resolve the agency's."""
    is_right = is_one_stop if is_at_intake(dossier) else is_agency
    return None if is_right(dossier, context.sender) else foreign_organisation()


@rule("15.2.a", "Who declines for competence names the competent agency")
def competent_agency_is_named(
    _dossier: Dossier, request: DeclineDossier, _context: Context
) -> Refused | None:
    """The applicant is directed to the agency that is competent."""
    if request.reason == "out_of_competence" and request.competent is None:
        return Refused("rule.15.2.a", rule="15.2.a", fields=("/competent",))
    return None


@rule("15.1.c", "Form 03 of the one-stop has its reason in words")
def intake_reason_is_given(dossier: Dossier, request: DeclineDossier, _context: Context) -> Refused | None:
    """Blank words are no reason."""
    if is_at_intake(dossier) and not request.explanation.strip():
        return Refused("rule.15.1.c", rule="15.1.c", fields=("/explanation",))
    return None


@rule("17.8", "The agency's refusal has its reason in words")
def refusal_reason_is_given(dossier: Dossier, request: DeclineDossier, _context: Context) -> Refused | None:
    """Blank words are no reason."""
    if not is_at_intake(dossier) and not request.explanation.strip():
        return Refused("rule.17.8", rule="17.8", fields=("/explanation",))
    return None


@rule("15.1.c", "The one-stop declines for competence, right and completeness; eligibility is the agency's")
def ground_is_of_intake(dossier: Dossier, request: DeclineDossier, context: Context) -> Refused | None:
    """The profile lists the grounds (`decline_reasons`); the others need an appraisal (17.8)."""
    grounds = context.law.profile.intake.decline_reasons
    if not is_at_intake(dossier) or request.reason in grounds:
        return None
    return Refused("rule.15.1.c.ground", rule="15.1.c", fields=("/reason",), possible=tuple(sorted(grounds)))


@rule("14.2", "What is missing at intake is asked for once before it is a ground to decline")
def gaps_were_asked_for(dossier: Dossier, request: DeclineDossier, context: Context) -> Refused | None:
    """Form 02 comes first: papers can cure it (14.1, 15.1.b)."""
    if request.reason != "gaps_left" or not is_at_intake(dossier) or _was_asked(dossier, "intake", context):
        return None
    return conflict(dossier, context, "rule.14.2.first", "14.2")


@rule("17.4", "What is missing after appraisal is asked for once before it is a ground to refuse")
def appraisal_gaps_were_asked_for(
    dossier: Dossier, request: DeclineDossier, context: Context
) -> Refused | None:
    """The agency sends the dossier back with Form 02 through the one-stop."""
    if request.reason != "gaps_left" or is_at_intake(dossier) or _was_asked(dossier, "appraisal", context):
        return None
    return conflict(dossier, context, "rule.17.4.first", "17.4")


def _was_asked(dossier: Dossier, stage: Stage, context: Context) -> bool:
    """Also where the regulation leaves no supplement in this stage."""
    return dossier.supplements(stage) >= min(1, context.law.profile.supplement.max_requests(stage))


_DECLINE: tuple[Check[Dossier, DeclineDossier], ...] = (
    decliner_is_right,
    intake_reason_is_given,
    refusal_reason_is_given,
    ground_is_of_intake,
    gaps_were_asked_for,
    appraisal_gaps_were_asked_for,
    competent_agency_is_named,
    refusal_follows_appraisal,
)


@rule("17.8", "The agency's refusal is entered where the results are")
def shown_status(at_intake: bool, context: Context) -> int | None:
    """By `refusal_status`: «mục trả kết quả»; None at intake, which has its own status."""
    return None if at_intake else int(context.law.profile.returning.refusal_status)


def decline(dossier: Dossier, request: DeclineDossier, context: Context) -> Decision:
    """Form 03; too late is recorded, not refused (15.2, 17.8)."""
    if (refused := first_refusal(_DECLINE, dossier, request, context)) is not None:
        return refused
    at_intake = is_at_intake(dossier)
    late = (
        violation(context, dossier.intake_limit, "15.2")
        if at_intake
        else violation(context, running_due(dossier), "17.8")
    )
    if isinstance(late, Refused):
        return late
    fact = DossierDeclined(
        officer=request.officer,
        reason=request.reason,
        explanation=request.explanation,
        competent=request.competent,
        mode="refuse_intake" if at_intake else "refuse_resolution",
        status=shown_status(at_intake, context),
    )
    missed = unfired(dossier, context, *DUTIES)
    return Accepted((*missed, fact, *late), (*ids_of(_DECLINE), shown_status.id))


def withdraw(dossier: Dossier, request: WithdrawDossier, context: Context) -> Decision:
    """The applicant takes the dossier back, as long as no decision is made; what was missed stays missed."""
    clocks = ("intake", "forward", "forward_electronic", "due", "appointment", "supplement_notice", *DUTIES)
    missed = unfired(dossier, context, *clocks, *dossier.asked_timers)
    form = next((one.number for one in context.law.profile.forms if one.kind == "stop"), None)
    return Accepted((*missed, DossierWithdrawn(reason=request.reason, form=form)))
