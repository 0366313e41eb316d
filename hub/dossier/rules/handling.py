"""Handling (Art. 17.1, 17.10, 18.1, 19.4): the agency's own work, up to the signed result."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.making import maker
from hub.dossier.rules.appraisal import result_follows_appraisal
from hub.dossier.rules.components import known
from hub.dossier.rules.copies import result_is_signed
from hub.dossier.rules.custody import paper_is_in_a_hand
from hub.dossier.rules.duties import DUTIES
from hub.dossier.rules.interlinked import legs_are_finished
from hub.dossier.rules.late import seconds_late, unfired
from hub.dossier.rules.opinions import opinions_are_there
from hub.dossier.rules.results import ISSUED
from hub.dossier.rules.reusable import reusable_papers
from hub.dossier.rules.roster import one_stop_may_decide
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.rules.verifying import verifications_are_on_file
from hub.dossier.standing import conflict, decides_at_the_one_stop, is_forwarded
from hub.dossier.state.model import Dossier
from schemas.base import Request
from schemas.case import AssignCase, CaseAssigned, CaseProgressed, StepCase
from schemas.result import IssueResult, ResultIssued


@rule("19.4", "The agency works only on dossiers that came through the one-stop")
def came_through_one_stop(dossier: Dossier, _request: Request, context: Context) -> Refused | None:
    """Nothing is assigned, handled or decided before the one-stop forwarded it (16.1, 19.4)."""
    if dossier.status in {"submitted", "accepted", "awaiting_supplement"} and not is_forwarded(dossier):
        return conflict(dossier, context, "rule.19.4", "19.4")
    return None


NEEDS_FORWARDING: tuple[Check[Dossier, Request], ...] = (came_through_one_stop,)
"""Checked before the status is, so that the refusal names its rule."""


@rule("17.1", "The agency's head assigns an officer")
def assigned_case(dossier: Dossier, request: AssignCase) -> CaseAssigned:
    """Assigning again hands the case to another officer."""
    return CaseAssigned(assignee=request.assignee, agency=dossier.agency)


def assign(dossier: Dossier, request: AssignCase, _context: Context) -> Decision:
    """An officer has the case."""
    return Accepted((assigned_case(dossier, request),), (*ids_of(NEEDS_FORWARDING), assigned_case.id))


@rule("9.4", "A step is one of the approved internal process, where it was entered")
def step_is_of_the_process(dossier: Dossier, request: StepCase, context: Context) -> Refused | None:
    """In any order: a dossier may go back to an earlier one."""
    entry = known(dossier.procedure, context)
    names = tuple(one.name for one in entry.steps) if entry is not None else ()
    if not names or request.step in names:
        return None
    return Refused("rule.9.4", rule="9.4", fields=("/step",), possible=names)


_STEP: tuple[Check[Dossier, StepCase], ...] = (step_is_of_the_process,)


def step(dossier: Dossier, request: StepCase, context: Context) -> Decision:
    """A step of the agency's internal process (9.5)."""
    if (refused := first_refusal(_STEP, dossier, request, context)) is not None:
        return refused
    fact = CaseProgressed(step=request.step, note=request.note, agency=dossier.agency)
    return Accepted((fact,), (*ids_of(NEEDS_FORWARDING), *ids_of(_STEP)))


@rule("18.1", "The result names each of its papers once")
def papers_are_distinct(_dossier: Dossier, request: IssueResult, _context: Context) -> Refused | None:
    """A paper named twice could not be shown to be returned in full (18.1)."""
    codes = [paper.code for paper in request.papers]
    if len(set(codes)) == len(codes):
        return None
    faults = tuple(f"/papers/{index}/code" for index, code in enumerate(codes) if code in codes[:index])
    return Refused("rule.18.1.repeated", rule="18.1", fields=faults)


_ISSUE: tuple[Check[Dossier, IssueResult], ...] = (
    one_stop_may_decide,
    result_follows_appraisal,
    verifications_are_on_file,
    opinions_are_there,
    legs_are_finished,
    papers_are_distinct,
    paper_is_in_a_hand,
    *ISSUED,
    result_is_signed,
)


_issued = maker(ResultIssued)


def issue_result(dossier: Dossier, request: IssueResult, context: Context) -> Decision:
    """The signed result is on its way to the one-stop; a late one says by how much."""
    if (refused := first_refusal(_ISSUE, dossier, request, context)) is not None:
        return refused
    assert dossier.measure is not None
    is_here = decides_at_the_one_stop(dossier, request, context.sender)
    fact = _issued(
        papers=request.papers,
        left_out=request.left_out,
        signer=request.signer,
        agency=dossier.agency,
        decided_by=dossier.organisation if is_here else None,
        issued_at=context.now,
        overdue_s=dossier.overdue_s + seconds_late(context.now, dossier.measure),
    )
    reusable = reusable_papers(dossier, request, context)
    missed = unfired(
        dossier, context, "forward", "forward_electronic", "supplement_notice", *dossier.asked_timers, *DUTIES
    )
    came = () if is_here else NEEDS_FORWARDING
    return Accepted((fact, *reusable, *missed), (*ids_of(came), *ids_of(_ISSUE)))
