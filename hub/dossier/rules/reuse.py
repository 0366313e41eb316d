"""Reuse (Art. 15.5, 15.6.b, 17.10): shared data and digitised papers instead of asking again."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules import identity
from hub.dossier.rules.components import known
from hub.dossier.rules.reuse_paper import PAPER, reused_paper
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import Dossier
from schemas.component import ComponentReused, Difference, MismatchRecorded, RecordMismatch, ReuseComponent
from schemas.dossier import RequestSupplement
from schemas.identity import ReportIdentity
from schemas.person_data import PersonDataReceived, ReportPersonData


@rule("15.6.b1", "Looked-up data are taken only while they may be used")
def data_may_be_used(request: ReportPersonData, context: Context) -> bool:
    """NĐ 47/2020 Art. 41: the value of use ends; a report that comes later tells the match alone."""
    return context.now < request.usable_until


def receive(dossier: Dossier, request: ReportPersonData, context: Context) -> Decision:
    """A lookup found the person: the identity matches, and its data belong to this dossier."""
    match = ReportIdentity(check=request.check, outcome="matched", asked_at=request.asked_at)
    answered = identity.report(dossier, match, context)
    if isinstance(answered, Refused):
        return answered
    rules = (*answered.rules, data_may_be_used.id)
    if not data_may_be_used(request, context):
        return Accepted(answered.facts, rules)
    fact = PersonDataReceived(
        check=request.check,
        party="owner" if dossier.owner.check == request.check else "proxy",
        asked_at=request.asked_at,
        query=request.query,
        purpose=request.purpose,
        usable_until=request.usable_until,
        data=request.data,
        relatives=request.relatives,
    )
    return Accepted((*answered.facts, fact), rules)


@rule("14.3", "Only a published component can be reused")
def reused_component_is_published(
    dossier: Dossier, request: ReuseComponent, context: Context
) -> Refused | None:
    """Nothing beyond the list enters the dossier, not even from a database."""
    entry = known(dossier.procedure, context)
    if entry is None or entry.quantity(request.component) is None:
        return Refused("rule.14.3", rule="14.3", fields=("/component",))
    return None


@rule("15.6.b1", "A component is reused once, and only when the dossier does not have it")
def component_is_missing(dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """What the applicant handed in is there already."""
    if request.component in {item.code for item in dossier.components}:
        return conflict(dossier, context, "state.component_held", "15.6.b1")
    return None


@rule("15.6.b2", "Where paper and database disagree, the paper counts")
def component_agrees(dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """After a recorded mismatch the database's value cannot stand for that paper, or for none of the dossier.

    Which of them, the profile says (`mismatch_paper`).
    """
    is_of_all = context.law.profile.intake.mismatch_paper == "dossier" and bool(dossier.mismatches)
    if request.data is not None and (is_of_all or request.component in dossier.mismatches):
        return Refused("rule.15.6.b2", rule="15.6.b2", fields=("/component",))
    return None


@rule("15.6.b1", "Data stand for a component only as they were received, and while they may be used")
def data_are_received(dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """The lookup must be one of this dossier and must have brought each field that is named."""
    if request.data is None:
        return None
    shared = dossier.shared_data.get(request.data.check)
    if shared is None or context.now >= shared.usable_until:
        return Refused("rule.15.6.b1", rule="15.6.b1", fields=("/data/check",))
    faults = tuple(
        f"/data/fields/{index}"
        for index, field in enumerate(request.data.fields)
        if field not in shared.fields
    )
    return Refused("rule.15.6.b1", rule="15.6.b1", fields=faults) if faults else None


@rule("15.6.b1", "An officer moves what is reused into the electronic dossier")
def officer_is_named(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """On the portal the applicant picks it; at the one-stop an officer answers for it."""
    if request.officer is None and "counter" in context.sender.roles:
        return Refused("rule.15.6.b1.officer", rule="15.6.b1", fields=("/officer",))
    return None


_REUSE: tuple[Check[Dossier, ReuseComponent], ...] = (
    reused_component_is_published,
    component_is_missing,
    officer_is_named,
    component_agrees,
    data_are_received,
    *PAPER,
)


def reuse(dossier: Dossier, request: ReuseComponent, context: Context) -> Decision:
    """The component comes into the dossier electronically; the applicant hands in nothing."""
    if (refused := first_refusal(_REUSE, dossier, request, context)) is not None:
        return refused
    fact = ComponentReused(
        component=request.component,
        paper=reused_paper(request.paper, context) if request.paper is not None else None,
        data=request.data,
        officer=request.officer,
        reused_at=context.now,
    )
    return Accepted((fact,), ids_of(_REUSE))


@rule("15.6.b2", "A mismatch is recorded for a paper that was taken")
def paper_is_taken(dossier: Dossier, request: RecordMismatch, _context: Context) -> Refused | None:
    """The paper dossier is received although the database says otherwise, so the paper must be there."""
    if any(item.code == request.component and item.is_paper for item in dossier.components):
        return None
    return Refused("rule.15.6.b2.paper", rule="15.6.b2", fields=("/component",))


@rule("15.6.b2", "What a lookup brought is not told again with a mismatch")
def told_differences(dossier: Dossier, request: RecordMismatch) -> tuple[Difference, ...]:
    """The database's values stand sealed in `person_data.received` of the check that is named.

    So the competent agency, which has no licence for them, learns the field and what the paper says.
    """
    if request.check not in dossier.shared_data:
        return request.differences
    return tuple(item.model_copy(update={"in_database": None}) for item in request.differences)


def record_mismatch(dossier: Dossier, request: RecordMismatch, context: Context) -> Decision:
    """Both values are kept as they are; correcting the database is for sector law."""
    if (refused := paper_is_taken(dossier, request, context)) is not None:
        return refused
    fact = MismatchRecorded(
        component=request.component,
        database=request.database,
        check=request.check,
        differences=told_differences(dossier, request),
        officer=request.officer,
    )
    return Accepted((fact,), ids_of((paper_is_taken, told_differences)))


@rule("15.5", "What the administration has is not asked for again, except to verify it")
def nothing_is_asked_again(dossier: Dossier, request: RequestSupplement, _context: Context) -> Refused | None:
    """A gap in a reused component must say `verify`: the text knows no other purpose."""
    faults = tuple(
        f"/gaps/{index}/component"
        for index, gap in enumerate(request.gaps)
        if gap.component in dossier.reused and gap.purpose != "verify"
    )
    return Refused("rule.15.5", rule="15.5", fields=faults) if faults else None
