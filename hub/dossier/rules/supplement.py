"""Supplement (Art. 8.5.b, 14, 17.4): Form 02 once per stage, and the clock that starts anew."""

from __future__ import annotations

from collections.abc import Mapping

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.appraisal import supplement_follows_appraisal
from hub.dossier.rules.components import known
from hub.dossier.rules.duties import DUTIES
from hub.dossier.rules.late import seconds_late, unfired, violation
from hub.dossier.rules.reuse import nothing_is_asked_again
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, is_agency, is_one_stop
from hub.dossier.state.model import Dossier
from hub.regulation.sections import Stage
from schemas.dossier import RequestSupplement, SupplementRequested


@rule("17.4", "The one-stop asks for supplements at intake, the agency after appraisal")
def asker_is_right(dossier: Dossier, request: RequestSupplement, context: Context) -> Refused | None:
    """Who may ask in this stage, and whether the dossier is in that stage."""
    is_right = is_one_stop if request.stage == "intake" else is_agency
    if not is_right(dossier, context.sender):
        return foreign_organisation()
    if (request.stage == "intake") != (dossier.status == "submitted"):
        return conflict(dossier, context)
    return None


@rule("8.5.b", "A supplement may be requested only once in each stage")
def supplement_is_the_first(dossier: Dossier, request: RequestSupplement, context: Context) -> Refused | None:
    """The limits stand in the profile: 8.5.b names one time, 17.4 no count."""
    if dossier.supplements(request.stage) >= context.law.profile.supplement.max_requests(request.stage):
        return conflict(dossier, context, "rule.8.5.b", "8.5.b")
    return None


@rule("14.3", "Only published components may be asked for")
def gaps_are_published(dossier: Dossier, request: RequestSupplement, context: Context) -> Refused | None:
    """A gap may name no component (a fault of the whole), but none beyond the list."""
    entry = known(dossier.procedure, context)
    faults = tuple(
        f"/gaps/{index}/component"
        for index, gap in enumerate(request.gaps)
        if gap.component is not None and (entry is None or entry.quantity(gap.component) is None)
    )
    return Refused("rule.14.3", rule="14.3", fields=faults) if faults else None


def _without_reason(request: RequestSupplement) -> tuple[str, ...]:
    """Gaps whose reason is blank: blank words are no reason."""
    return tuple(f"/gaps/{index}/reason" for index, gap in enumerate(request.gaps) if not gap.reason.strip())


@rule("15.1.b", "At intake Form 02 says why each thing is asked for")
def intake_reasons_are_given(
    _dossier: Dossier, request: RequestSupplement, _context: Context
) -> Refused | None:
    """The same for a dossier that was lodged online (15.2.a)."""
    faults = _without_reason(request)
    return Refused("rule.15.1.b", rule="15.1.b", fields=faults) if faults else None


@rule("17.4", "After appraisal Form 02 says why each thing is asked for")
def appraisal_reasons_are_given(
    _dossier: Dossier, request: RequestSupplement, _context: Context
) -> Refused | None:
    """The agency's notice states reason and content."""
    faults = _without_reason(request)
    return Refused("rule.17.4.reason", rule="17.4", fields=faults) if faults else None


_REQUEST: tuple[Check[Dossier, RequestSupplement], ...] = (
    asker_is_right,
    supplement_is_the_first,
    supplement_follows_appraisal,
    gaps_are_published,
    nothing_is_asked_again,
)
REASONS: Mapping[Stage, Check[Dossier, RequestSupplement]] = {
    "intake": intake_reasons_are_given,
    "appraisal": appraisal_reasons_are_given,
}
"""The rule by which a reason is needed, by the stage of the request."""


def overdue(dossier: Dossier, request: RequestSupplement, context: Context) -> int:
    """Seconds after the due time, which counting anew does not take back (17.4); at intake none runs."""
    if request.stage == "intake" or dossier.measure is None:
        return 0
    return seconds_late(context.now, dossier.measure)


def request_supplement(dossier: Dossier, request: RequestSupplement, context: Context) -> Decision:
    """Form 02; late after the 8 working hours (15.2), three days of the appraisal, or the due time (17.4)."""
    checks = (*_REQUEST, REASONS[request.stage])
    if (refused := first_refusal(checks, dossier, request, context)) is not None:
        return refused
    if request.stage == "intake":
        late = violation(context, dossier.intake_limit, "15.2")
    else:
        limits = [limit for limit in (dossier.measure, dossier.notice_limit) if limit is not None]
        late = violation(context, min(limits, default=None), "17.4")
    if isinstance(late, Refused):
        return late
    fact = SupplementRequested(
        officer=request.officer,
        stage=request.stage,
        gaps=request.gaps,
        guidance=request.guidance,
        overdue_s=overdue(dossier, request, context),
    )
    missed = unfired(dossier, context, "intake", "due", "appointment", "supplement_notice", *DUTIES)
    return Accepted((*missed, fact, *late), ids_of(checks))
