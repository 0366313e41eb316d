"""Papers on the post's way (QĐ 45/2016 Điều 6, 7, 9; Art. 12.2, 21.3): its reports move their custody."""

from __future__ import annotations

from collections.abc import Iterator

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.late import seconds_late
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import APPLICANT, POST, Dossier, HandOver, Pickup
from schemas.due import RuleViolated
from schemas.pickup import OrderPickup, PaperMove, PickupStatus, ReportPickup

_CARRIES: frozenset[PickupStatus] = frozenset({"collected", "in_transit", "delivery_failed", "lost"})
_GIVES: frozenset[PickupStatus] = frozenset({"handed_over", "delivered", "returned"})


@rule(
    "13.2", "The papers that an order names lie where the post is to fetch them, and go with no other order"
)
def ordered_papers_are_there(dossier: Dossier, request: OrderPickup, context: Context) -> Refused | None:
    """To be collected: with the applicant, also what Form 02 asks for; else with an office of the dossier."""
    taken = {paper for pickup in dossier.pickups.values() if pickup.is_open for paper in pickup.papers}
    there = {APPLICANT} if request.direction == "collect" else {dossier.organisation, dossier.agency}
    entry = known(dossier.procedure, context)
    listed = {item.code for item in entry.components} if entry is not None else set()
    new = APPLICANT if request.direction == "collect" else None
    faults = tuple(
        f"/papers/{index}"
        for index, paper in enumerate(request.papers)
        if paper in taken
        or paper in dossier.missing_papers
        or paper in request.papers[:index]
        or dossier.custody.get(paper, new if paper in listed else None) not in there
    )
    return Refused("rule.13.2.papers", rule="13.2", fields=faults) if faults else None


@rule("qd45-2016.7", "The post answers for what it took until the receiver has it")
def moves_of(dossier: Dossier, request: ReportPickup) -> tuple[PaperMove, ...]:
    """It says itself what it took; that an office has it says the office; for an applicant the post does."""
    pickup = dossier.pickups[request.order]
    if not pickup.is_news(request.status, request.at) or request.status not in _CARRIES | _GIVES:
        return ()
    taken = tuple(_taken(dossier, pickup))
    receiver = _receiver(dossier, pickup, request.status, taken)
    if receiver is None:
        return taken
    now_there = {paper for move in taken for paper in move.papers}
    under_way = dossier.papers_under_way
    carried = tuple(
        paper
        for paper in pickup.papers
        if paper in now_there or (dossier.custody.get(paper) == POST and paper not in under_way)
    )
    if not carried:
        return taken
    return (*taken, _move(HandOver(POST, receiver, carried), is_confirmed=receiver == APPLICANT))


def _taken(dossier: Dossier, pickup: Pickup) -> Iterator[PaperMove]:
    """A hand-over to the post is confirmed; what else the order names and others held is with the post."""
    for hand_over in dossier.hand_overs:
        if hand_over.receiver == POST and set(hand_over.papers) <= set(pickup.papers):
            yield _move(hand_over, is_confirmed=True)
    under_way = dossier.papers_under_way
    givers = (APPLICANT,) if pickup.direction == "collect" else (dossier.organisation, dossier.agency)
    for giver in dict.fromkeys(givers):
        papers = tuple(
            paper
            for paper in pickup.papers
            if paper not in under_way and dossier.custody.get(paper, APPLICANT) == giver
        )
        if papers:
            yield _move(HandOver(giver, POST, papers), is_confirmed=True)


def _move(hand_over: HandOver, *, is_confirmed: bool) -> PaperMove:
    papers = tuple(sorted(hand_over.papers))
    return PaperMove(
        giver=hand_over.giver, receiver=hand_over.receiver, papers=papers, confirmed=is_confirmed
    )


def _receiver(
    dossier: Dossier, pickup: Pickup, status: PickupStatus, taken: tuple[PaperMove, ...]
) -> str | None:
    """Whom the post gave the papers; None while it carries them."""
    if status not in _GIVES:
        return None
    giver = next((move.giver for move in taken), pickup.giver or pickup.organisation)
    if pickup.direction == "collect":
        return APPLICANT if status == "returned" else dossier.organisation
    if status == "returned":
        return giver
    if pickup.direction == "deliver":
        return APPLICANT if status == "delivered" else None
    return dossier.agency if giver == dossier.organisation else dossier.organisation


@rule("16.2", "Papers that the post took from the one-stop after their time are recorded as late")
def taken_late(
    dossier: Dossier, request: ReportPickup, moves: tuple[PaperMove, ...]
) -> tuple[RuleViolated, ...]:
    """By the post's own time, which is that of the hand-over."""
    leaves = any(move.giver == dossier.organisation and move.receiver == POST for move in moves)
    limit = dossier.paper_limit
    if not leaves or limit is None or request.at <= limit:
        return ()
    return (RuleViolated(rule="16.2", late_s=seconds_late(request.at, limit)),)
