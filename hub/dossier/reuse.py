"""Reuse (Art. 15.5, 15.6.b, 17.10): shared data and digitised papers instead of asking again."""

from __future__ import annotations

from hub.dossier import identity
from hub.dossier.components import known
from hub.dossier.decision import Accepted, Context, ContextError, Decision, Refused
from hub.dossier.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state import Dossier
from hub.regulation.clock import local_day
from schemas.component import ComponentReused, MismatchRecorded, RecordMismatch, ReuseComponent
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
def component_agrees(dossier: Dossier, request: ReuseComponent, _context: Context) -> Refused | None:
    """After a recorded mismatch the database's value cannot stand for that paper."""
    if request.data is not None and request.component in dossier.mismatches:
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


@rule("17.10", "Papers of a dossier are reusable only after its successful result")
def source_was_successful(dossier: Dossier, request: ReuseComponent, _context: Context) -> Refused | None:
    """Not out of a declined, withdrawn or open dossier, and not out of this one."""
    paper = request.paper
    if paper is not None and (paper.outcome != "result_issued" or paper.dossier == dossier.code):
        return Refused("rule.17.10.outcome", rule="17.10", fields=("/paper/outcome",))
    return None


@rule("17.10", "A reused paper is valid on the day of reuse")
def paper_is_valid(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """Issued already and not run out; the last day counts."""
    paper, today = request.paper, local_day(context.now)
    if paper is None:
        return None
    if today < paper.issued_on:
        return Refused("rule.17.10.expired", rule="17.10", fields=("/paper/issued_on",))
    if paper.valid_until is not None and today > paper.valid_until:
        return Refused("rule.17.10.expired", rule="17.10", fields=("/paper/valid_until",))
    return None


@rule("17.10", "A reused paper is used within its scope")
def paper_is_in_scope(dossier: Dossier, request: ReuseComponent, _context: Context) -> Refused | None:
    """A paper for certain procedures serves only those; the tail of a province makes no difference."""
    paper = request.paper
    if paper is None or not paper.procedures:
        return None
    if _national(dossier.procedure) in {_national(code) for code in paper.procedures}:
        return None
    return Refused("rule.17.10.scope", rule="17.10", fields=("/paper/procedures",))


@rule("17.10", "A paper is reusable in the procedures of the applicant whose paper it is")
def paper_is_the_applicants(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """Compared by personal number or tax code; who has neither cannot reuse a paper by number."""
    if request.paper is None:
        return None
    owner = context.applicant
    if owner is None:
        raise ContextError("a reuse needs the applicant")
    pairs = (
        (request.paper.owner_number, owner.identity_number),
        (request.paper.owner_tax_code, owner.tax_code),
    )
    if all(named == known_ for named, known_ in pairs if named is not None):
        return None
    return Refused("rule.17.10.owner", rule="17.10", fields=("/paper/owner_number",))


_REUSE: tuple[Check[Dossier, ReuseComponent], ...] = (
    reused_component_is_published,
    component_is_missing,
    officer_is_named,
    component_agrees,
    data_are_received,
    source_was_successful,
    paper_is_valid,
    paper_is_in_scope,
    paper_is_the_applicants,
)


def reuse(dossier: Dossier, request: ReuseComponent, context: Context) -> Decision:
    """The component comes into the dossier electronically; the applicant hands in nothing."""
    if (refused := first_refusal(_REUSE, dossier, request, context)) is not None:
        return refused
    fact = ComponentReused(
        component=request.component,
        paper=request.paper,
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


def record_mismatch(dossier: Dossier, request: RecordMismatch, context: Context) -> Decision:
    """Both values are kept as they are; correcting the database is for sector law."""
    if (refused := paper_is_taken(dossier, request, context)) is not None:
        return refused
    fact = MismatchRecorded(
        component=request.component,
        database=request.database,
        check=request.check,
        differences=request.differences,
        officer=request.officer,
    )
    return Accepted((fact,), (paper_is_taken.id,))


@rule("15.5", "What the administration has is not asked for again, except to update or verify it")
def nothing_is_asked_again(dossier: Dossier, request: RequestSupplement, _context: Context) -> Refused | None:
    """A gap in a reused component must say `update` or `verify` (also NĐ 47/2020 Art. 9.3)."""
    faults = tuple(
        f"/gaps/{index}/component"
        for index, gap in enumerate(request.gaps)
        if gap.component in dossier.reused and gap.purpose is None
    )
    return Refused("rule.15.5", rule="15.5", fields=faults) if faults else None


def _national(procedure: str) -> str:
    """The code without the province's tail and the zeros of the long form."""
    return ".".join(procedure.split(".")[:2])
