"""Custody of papers (Art. 12.2): who holds what, confirmed from hand to hand."""

from __future__ import annotations

from collections.abc import Iterable

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import Late, unfired, violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, speaks_for_holder
from hub.dossier.state.model import APPLICANT, POST, Dossier, HandOver
from schemas.paper import HandOverPaper, PaperHandedOver, PaperReceived, ReceivePaper
from schemas.party import Custodian
from schemas.result import IssueResult, ReturnResult


def holder_of(custodian: Custodian) -> str:
    """How a custodian stands in `Dossier.custody`: without a name."""
    return custodian.organisation or custodian.kind


def hand_over_of(request: HandOverPaper | ReceivePaper | PaperHandedOver | PaperReceived) -> HandOver:
    """What a hand-over and its confirmation must agree on."""
    papers = tuple(sorted(set(request.papers)))
    return HandOver(holder_of(request.giver), holder_of(request.receiver), papers)


@rule("12.2", "Each side of a hand-over speaks for itself")
def giver_speaks(_dossier: Dossier, request: HandOverPaper, context: Context) -> Refused | None:
    """The giver reports; for an applicant, whoever takes the papers does."""
    transfer = hand_over_of(request)
    speaker, other = transfer.giver, transfer.receiver
    if speaker == APPLICANT:
        speaker, other = other, speaker
    return None if speaks_for_holder(speaker, context.sender, other) else foreign_organisation()


@rule("12.2", "Only who holds a paper can hand it over")
def giver_holds_papers(dossier: Dossier, request: HandOverPaper, _context: Context) -> Refused | None:
    """The custody chain has no gaps, so that a loss has a last holder."""
    transfer = hand_over_of(request)
    if transfer.giver == transfer.receiver:
        return Refused("custody.same_holder", rule="12.2", fields=("/receiver",))
    faults = [
        f"/papers/{index}"
        for index, paper in enumerate(request.papers)
        if dossier.custody.get(paper) != transfer.giver
    ]
    if faults:
        return Refused("rule.12.2", rule="12.2", fields=tuple(faults))
    under_way = dossier.papers_under_way
    faults = [f"/papers/{index}" for index, paper in enumerate(request.papers) if paper in under_way]
    if faults:
        return Refused("custody.under_way", rule="12.2", fields=tuple(faults))
    return None


@rule("21.2", "A lost paper is neither handed on nor returned until it is found or issued again")
def paper_is_not_lost(
    dossier: Dossier, request: HandOverPaper | ReturnResult, _context: Context
) -> Refused | None:
    """Its last holder answers for it until the loss is settled."""
    missing = dossier.missing_papers if dossier.losses else ()
    faults = tuple(f"/papers/{index}" for index, paper in enumerate(request.papers) if paper in missing)
    return Refused("custody.lost", rule="21.2", fields=faults) if faults else None


@rule("17.7.b", "The agency gives the papers of its result to the one-stop that took the dossier in")
def result_goes_home(dossier: Dossier, request: HandOverPaper, _context: Context) -> Refused | None:
    """By itself or by post; no other office returns what was promised on Form 01."""
    transfer = hand_over_of(request)
    if transfer.giver != dossier.agency or set(transfer.papers).isdisjoint(dossier.result_papers):
        return None
    if transfer.receiver in {dossier.organisation, POST, APPLICANT}:
        return None
    return Refused("rule.17.7.b", rule="17.7.b", fields=("/receiver",), possible=(dossier.organisation,))


_HAND_OVER: tuple[Check[Dossier, HandOverPaper], ...] = (
    giver_speaks,
    giver_holds_papers,
    paper_is_not_lost,
    result_goes_home,
)


@rule("16.2", "Papers that the one-stop hands on after their time are recorded as late")
def hand_on_is_late(dossier: Dossier, request: HandOverPaper, context: Context) -> Late:
    """Given to the agency or to whoever carries them there; back to the applicant has no such time."""
    transfer = hand_over_of(request)
    is_handed_on = transfer.giver == dossier.organisation and transfer.receiver != APPLICANT
    if not is_handed_on or set(transfer.papers).isdisjoint(dossier.paper_codes):
        return ()
    return violation(context, dossier.paper_limit, "16.2")


def hand_over(dossier: Dossier, request: HandOverPaper, context: Context) -> Decision:
    """Papers leave the giver's hands; the giver answers for them until the receiver confirms."""
    if (refused := first_refusal(_HAND_OVER, dossier, request, context)) is not None:
        return refused
    late = hand_on_is_late(dossier, request, context)
    if isinstance(late, Refused):
        return late
    fact = PaperHandedOver(
        giver=request.giver, receiver=request.receiver, papers=request.papers, slip=request.slip
    )
    is_sent_back = holder_of(request.giver) == dossier.agency
    missed = unfired(dossier, context, "papers_back") if is_sent_back else ()
    return Accepted((*missed, fact, *late), (*ids_of(_HAND_OVER), hand_on_is_late.id))


@rule("12.2", "The receiver confirms for itself")
def receiver_speaks(_dossier: Dossier, request: ReceivePaper, context: Context) -> Refused | None:
    """For an applicant, whoever gave the papers confirms."""
    transfer = hand_over_of(request)
    speaker, other = transfer.receiver, transfer.giver
    if speaker == APPLICANT:
        speaker, other = other, speaker
    return None if speaks_for_holder(speaker, context.sender, other) else foreign_organisation()


@rule("12.2", "A receipt of papers confirms an open hand-over")
def hand_over_is_open(dossier: Dossier, request: ReceivePaper, context: Context) -> Refused | None:
    """Same giver, same receiver, same papers."""
    if hand_over_of(request) not in dossier.hand_overs:
        return conflict(dossier, context, "custody.no_hand_over", "12.2")
    return None


_RECEIVE: tuple[Check[Dossier, ReceivePaper], ...] = (receiver_speaks, hand_over_is_open)


def receive(dossier: Dossier, request: ReceivePaper, context: Context) -> Decision:
    """The receiver now holds the papers."""
    if (refused := first_refusal(_RECEIVE, dossier, request, context)) is not None:
        return refused
    fact = PaperReceived(
        giver=request.giver, receiver=request.receiver, papers=request.papers, slip=request.slip
    )
    return Accepted((fact,), ids_of(_RECEIVE))


@rule("12.2", "A paper that is being handed over is neither issued nor returned before the receiver has it")
def paper_is_in_a_hand(
    dossier: Dossier, request: IssueResult | ReturnResult, _context: Context
) -> Refused | None:
    """Else it would have left a hand in which it still is, by the record."""
    under_way = dossier.papers_under_way
    if not under_way:
        return None
    codes = (paper if isinstance(paper, str) else paper.code for paper in request.papers)
    faults = tuple(f"/papers/{index}" for index, code in enumerate(codes) if code in under_way)
    return Refused("custody.under_way", rule="12.2", fields=faults) if faults else None


def given_at_counter(dossier: Dossier, papers: Iterable[str]) -> tuple[str, ...]:
    """Those of these papers that the applicant still has: putting them on the counter is the hand-over."""
    under_way = dossier.papers_under_way
    custody = dossier.custody
    return tuple(
        [paper for paper in papers if paper not in under_way and custody.get(paper, APPLICANT) == APPLICANT]
    )
