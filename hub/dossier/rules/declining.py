"""The end without a result (Art. 15.1.c, 15.2.a, 17.8): Form 03, and withdrawal by the applicant."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import running_due, violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import foreign_organisation, is_agency, is_at_intake, is_one_stop
from hub.dossier.state.model import Dossier
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


@rule("17.8", "Form 03 has its reason in words")
def reason_is_given(_dossier: Dossier, request: DeclineDossier, _context: Context) -> Refused | None:
    """Blank words are no reason (15.1.c, 17.8)."""
    if not request.explanation.strip():
        return Refused("rule.17.8", rule="17.8", fields=("/explanation",))
    return None


_DECLINE: tuple[Check[Dossier, DeclineDossier], ...] = (
    decliner_is_right,
    reason_is_given,
    competent_agency_is_named,
)


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
    )
    return Accepted((fact, *late), ids_of(_DECLINE))


def withdraw(_dossier: Dossier, request: WithdrawDossier, _context: Context) -> Decision:
    """The applicant takes the dossier back, as long as no decision is made."""
    return Accepted((DossierWithdrawn(reason=request.reason),))
