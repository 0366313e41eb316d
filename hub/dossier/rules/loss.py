"""Loss and damage of papers (Art. 21.2, 21.3): the last holder answers, pays and apologises."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import APPLICANT, POST, Dossier
from hub.regulation.clock import local_day
from schemas.due import RuleViolated
from schemas.loss import Basis, CostItem, LossKind, LossRecorded, LossSettled, RecordLoss, SettleLoss
from schemas.pickup import PaperMove, ReportPickup


@rule("21.2", "Lost, mislaid or damaged are papers that somebody holds for the applicant")
def papers_are_held(dossier: Dossier, request: RecordLoss, _context: Context) -> Refused | None:
    """Each one known, named once, and not with the applicant: there nobody else has lost it."""
    faults = tuple(
        f"/papers/{index}"
        for index, paper in enumerate(request.papers)
        if dossier.custody.get(paper, APPLICANT) == APPLICANT or paper in request.papers[:index]
    )
    return Refused("rule.21.2.papers", rule="21.2", fields=faults) if faults else None


@rule("21.2", "A loss has one holder: who had the papers last by the chain of hand-overs")
def papers_have_one_holder(dossier: Dossier, request: RecordLoss, _context: Context) -> Refused | None:
    """Papers of several holders are several losses; while under way the giver has them (12.2)."""
    holder = dossier.custody[request.papers[0]]
    faults = tuple(
        f"/papers/{index}" for index, paper in enumerate(request.papers) if dossier.custody[paper] != holder
    )
    return Refused("rule.21.2.holders", rule="21.2", fields=faults) if faults else None


@rule("21.2", "A paper is lost once until that is settled")
def loss_is_new(dossier: Dossier, request: RecordLoss, _context: Context) -> Refused | None:
    """The open loss has to be settled first."""
    faults = tuple(
        f"/papers/{index}"
        for index, paper in enumerate(request.papers)
        if paper in dossier.papers_of_open_losses
    )
    return Refused("loss.already_open", rule="21.2", fields=faults) if faults else None


@rule("21.2", "A loss is recorded with its circumstances")
def circumstances_are_given(_dossier: Dossier, request: RecordLoss, _context: Context) -> Refused | None:
    """Blank words tell nobody how it came about."""
    if not request.circumstances.strip():
        return Refused("rule.21.2.circumstances", rule="21.2", fields=("/circumstances",))
    return None


_RECORD: tuple[Check[Dossier, RecordLoss], ...] = (
    papers_are_held,
    papers_have_one_holder,
    loss_is_new,
    circumstances_are_given,
)


@rule("21.3", "What is lost on the post's way goes by the norms on the post")
def basis_of(holder: str) -> Basis:
    """By who had the papers."""
    return "21.3" if holder == POST else "21.2"


def record(dossier: Dossier, request: RecordLoss, context: Context) -> Decision:
    """Who had the papers last answers for them."""
    if (refused := first_refusal(_RECORD, dossier, request, context)) is not None:
        return refused
    holder = dossier.custody[request.papers[0]]
    fact = LossRecorded(
        loss=_number(dossier),
        kind=request.kind,
        papers=request.papers,
        holder=holder,
        basis=basis_of(holder),
        noticed_at=request.noticed_at,
        circumstances=request.circumstances,
        officer=request.officer,
    )
    return Accepted((fact,), (*ids_of(_RECORD), basis_of.id))


@rule("21.3", "Papers that the post reports as lost or damaged are recorded as its loss")
def loss_on_the_way(
    dossier: Dossier, request: ReportPickup, moves: Iterable[PaperMove]
) -> tuple[LossRecorded, ...]:
    """Those of the order that the post holds, or took by this report: not on an open loss, nor gone."""
    kind: LossKind
    match request.status:
        case "lost":
            kind = "lost"
        case "damaged":
            kind = "damaged"
        case _:
            return ()
    there = {paper for move in moves if move.receiver == POST for paper in move.papers}
    known = dossier.papers_of_open_losses | dossier.missing_papers
    papers = tuple(
        paper
        for paper in dossier.pickups[request.order].papers
        if (paper in there or dossier.custody.get(paper) == POST) and paper not in known
    )
    if not papers:
        return ()
    fact = LossRecorded(
        loss=_number(dossier),
        kind=kind,
        papers=papers,
        holder=POST,
        basis=basis_of(POST),
        noticed_at=request.at,
        order=request.order,
    )
    return (fact,)


def _number(dossier: Dossier) -> str:
    return f"L{len(dossier.losses) + 1}"


@rule("21.2", "A settlement is about an open loss")
def loss_is_open(dossier: Dossier, request: SettleLoss, context: Context) -> Refused | None:
    """Known in this dossier, and settled once."""
    loss = dossier.losses.get(request.loss)
    if loss is None:
        return Refused("loss.unknown", rule="21.2", fields=("/loss",))
    return None if loss.is_open else conflict(dossier, context, "loss.settled", "21.2")


@rule("21.2", "A settlement says of each paper what became of it; a result is issued again")
def consequences_are_mended(dossier: Dossier, request: SettleLoss, _context: Context) -> Refused | None:
    """And who has what was issued again; nobody leaves an applicant without the result (18.1)."""
    loss = dossier.losses[request.loss]
    named = [one.paper for one in request.papers]
    faults = tuple(
        f"/papers/{index}"
        for index, one in enumerate(request.papers)
        if one.paper not in loss.papers
        or one.paper in named[:index]
        or (one.outcome == "reissued" and one.holder is None)
        or (one.outcome == "not_restored" and one.paper in dossier.result_papers)
    )
    left = tuple(paper for paper in loss.papers if paper not in named)
    if not faults and not left:
        return None
    return Refused("rule.21.2.outcomes", rule="21.2", fields=faults or ("/papers",), possible=left)


@rule("12.2", "A settlement puts papers into no hand that has not taken them")
def holder_has_taken_them(dossier: Dossier, request: SettleLoss, context: Context) -> Refused | None:
    """Into those of the applicant, of who speaks, of the dossier's own offices, or of who lost them.

    Any other takes them from there by a hand-over, and confirms it.
    """
    offices = {dossier.organisation, dossier.agency, dossier.losses[request.loss].holder}
    known = context.sender.organisations | offices | {APPLICANT}
    faults = tuple(
        f"/papers/{index}/holder"
        for index, one in enumerate(request.papers)
        if one.holder is not None and one.holder not in known
    )
    return Refused("rule.21.2.outcomes", rule="12.2", fields=faults) if faults else None


@rule("21.2", "The last holder is responsible, unless it is found and said why somebody else is")
def responsible_is_found(dossier: Dossier, request: SettleLoss, _context: Context) -> Refused | None:
    """Never the applicant; blank words are no reason."""
    if request.responsible == APPLICANT:
        return Refused("rule.21.2.responsible", rule="21.2", fields=("/responsible",))
    is_holder = request.responsible == dossier.losses[request.loss].holder
    if is_holder or (request.reason is not None and request.reason.strip()):
        return None
    return Refused("rule.21.2.responsible", rule="21.2", fields=("/reason",))


@rule("21.2", "Who is responsible pays all costs of having papers issued again")
def costs_are_borne(_dossier: Dossier, request: SettleLoss, _context: Context) -> Refused | None:
    """Named where a paper was issued again, if only as nothing; what the applicant paid is refunded."""
    if not request.costs and any(one.outcome == "reissued" for one in request.papers):
        return Refused("rule.21.2.costs", rule="21.2", fields=("/costs",))
    faults = tuple(
        f"/costs/{index}/refunded"
        for index, one in enumerate(request.costs)
        if one.paid_by == "applicant" and not one.refunded
    )
    return Refused("rule.21.2.costs", rule="21.2", fields=faults) if faults else None


@rule("21.2", "Who is responsible apologises to the applicant")
def apology_is_made(_dossier: Dossier, request: SettleLoss, context: Context) -> Refused | None:
    """Before the loss is settled, also when the papers were found."""
    if request.apology is None or request.apology.at > context.now:
        return Refused("rule.21.2.apology", rule="21.2", fields=("/apology",))
    return None


@rule("21.3", "What was paid was agreed and paid by now")
def compensation_is_paid(_dossier: Dossier, request: SettleLoss, context: Context) -> Refused | None:
    """Days that lie ahead are promises, and no settlement."""
    paid, today = request.compensation, local_day(context.now)
    if paid is None:
        return None
    ahead = tuple(
        f"/compensation/{name}"
        for name, day in (("agreed_on", paid.agreed_on), ("paid_on", paid.paid_on))
        if day > today
    )
    return Refused("rule.21.3.compensation", rule="21.3", fields=ahead) if ahead else None


@rule("21.3", "The post compensates what it lost at least as its norms say")
def post_compensates(_dossier: Dossier, request: SettleLoss, context: Context) -> Refused | None:
    """By the charge of the service; nothing is owed for what was found, or was not the post's fault."""
    if request.responsible != POST or all(one.outcome == "found" for one in request.papers):
        return None
    paid = request.compensation
    if paid is None:
        return Refused("rule.21.3.compensation", rule="21.3", fields=("/compensation",))
    if paid.amount < paid.charge * context.law.profile.postal.compensation_times_charge:
        return Refused("rule.21.3.compensation", rule="21.3", fields=("/compensation/amount",))
    return None


_SETTLE: tuple[Check[Dossier, SettleLoss], ...] = (
    loss_is_open,
    consequences_are_mended,
    holder_has_taken_them,
    responsible_is_found,
    costs_are_borne,
    apology_is_made,
    compensation_is_paid,
    post_compensates,
)


@rule("21.3", "The post pays within its time after its liability was put down in writing")
def paid_late(request: SettleLoss, context: Context) -> tuple[RuleViolated, ...]:
    """A late payment is recorded with the days in seconds."""
    paid = request.compensation
    if paid is None:
        return ()
    limit = paid.agreed_on + timedelta(days=context.law.profile.postal.compensation_days)
    late = paid.paid_on - limit
    return (RuleViolated(rule="21.3", late_s=int(late.total_seconds())),) if late > timedelta() else ()


def settle(dossier: Dossier, request: SettleLoss, context: Context) -> Decision:
    """Responsible, papers, costs, apology: on record, and the loss is closed."""
    if (refused := first_refusal(_SETTLE, dossier, request, context)) is not None:
        return refused
    loss = dossier.losses[request.loss]
    fact = LossSettled(
        loss=request.loss,
        responsible=request.responsible,
        reason=request.reason,
        papers=request.papers,
        costs=request.costs,
        compensation=request.compensation,
        apology=request.apology,
        referred_to=request.referred_to,
        officer=request.officer,
        holder=loss.holder,
        basis=basis_of(loss.holder),
        costs_total=_total(request.costs),
        settled_at=context.now,
    )
    return Accepted((fact, *paid_late(request, context)), (*ids_of(_SETTLE), basis_of.id, paid_late.id))


def _total(costs: Iterable[CostItem]) -> int:
    return sum(one.amount for one in costs)
