"""A wrong result (Art. 21.1): corrected by the agency, at its own cost where the fault is its own."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.copies import unsigned_paper
from hub.dossier.rules.results import lacks_paper
from hub.dossier.rules.reusable import corrected_papers
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.state.model import Dossier
from schemas.result import CorrectResult, ResultCorrected


@rule("21.1", "What is corrected is a paper of the result, each once")
def wrong_paper_is_of_the_result(
    dossier: Dossier, request: CorrectResult, _context: Context
) -> Refused | None:
    """Not one that is being handed over or is lost: its holder has to be known when it is replaced."""
    unclear = dossier.papers_under_way | dossier.papers_of_open_losses
    codes = [paper.code for paper in request.papers]
    faults = tuple(
        f"/papers/{index}/code"
        for index, code in enumerate(codes)
        if code not in dossier.result_papers or code in codes[:index] or code in unclear
    )
    return Refused("rule.21.1.paper", rule="21.1", fields=faults) if faults else None


@rule("21.1", "Each correction brings the new paper, but for an annulment")
def new_paper_is_there(dossier: Dossier, request: CorrectResult, _context: Context) -> Refused | None:
    """Of the same kind; an annulment leaves a dossier that is not returned yet with another paper (18.1)."""
    faults = tuple(
        f"/papers/{index}/new"
        for index, paper in enumerate(request.papers)
        if (paper.new is None) != (paper.kind == "annulled")
        or (paper.new is not None and paper.new.code != paper.code)
    )
    annulled = {paper.code for paper in request.papers if paper.kind == "annulled"}
    if not faults and dossier.status == "result_issued" and annulled >= set(dossier.result_papers):
        faults = ("/papers",)
    return Refused("rule.21.1.new", rule="21.1", fields=faults) if faults else None


@rule("21.1", "A correction says what was wrong")
def reason_of_correction_is_given(
    _dossier: Dossier, request: CorrectResult, _context: Context
) -> Refused | None:
    """Blank words are no reason."""
    if not request.reason.strip():
        return Refused("rule.21.1.reason", rule="21.1", fields=("/reason",))
    return None


@rule("21.1", "Who made the error bears all costs of its correction")
def agency_bears_costs(_dossier: Dossier, request: CorrectResult, _context: Context) -> Refused | None:
    """The agency or its officer: what the applicant paid is refunded."""
    if request.fault != "agency":
        return None
    faults = tuple(
        f"/costs/{index}/refunded"
        for index, one in enumerate(request.costs)
        if one.paid_by == "applicant" and not one.refunded
    )
    return Refused("rule.21.1.costs", rule="21.1", fields=faults) if faults else None


@rule("17.10", "The new paper is signed and given as the result is")
def new_paper_is_a_result(dossier: Dossier, request: CorrectResult, context: Context) -> Refused | None:
    """By a competent person and the agency; on paper too, as the result."""
    for index, paper in enumerate(request.papers):
        if paper.new is None:
            continue
        if lacks_paper(paper.new, dossier, context):
            return Refused("rule.17.10.mode", rule="17.10", fields=(f"/papers/{index}/new/mode",))
        field = f"/papers/{index}/new/package"
        if (refused := unsigned_paper(paper.new, field, dossier, request.signer, context)) is not None:
            return refused
    return None


_CORRECT: tuple[Check[Dossier, CorrectResult], ...] = (
    wrong_paper_is_of_the_result,
    new_paper_is_there,
    reason_of_correction_is_given,
    agency_bears_costs,
    new_paper_is_a_result,
)


def correct(dossier: Dossier, request: CorrectResult, context: Context) -> Decision:
    """The new papers are at the agency; the wrong ones are of no use any more."""
    if (refused := first_refusal(_CORRECT, dossier, request, context)) is not None:
        return refused
    fact = ResultCorrected(
        papers=request.papers,
        fault=request.fault,
        reason=request.reason,
        costs=request.costs,
        signer=request.signer,
        agency=dossier.agency,
        costs_total=sum(one.amount for one in request.costs),
        corrected_at=context.now,
    )
    reusable = corrected_papers(dossier, request, context)
    return Accepted((fact, *reusable), (*ids_of(_CORRECT), corrected_papers.id))
