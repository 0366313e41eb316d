"""What the facts of the post make of a dossier: orders, their status by their own time, transit limits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.rules.rule import rule
from hub.dossier.state.evolve_custody import arrived, set_out
from hub.dossier.state.model import APPLICANT, POST, Dossier, HandOver, Pickup, Timer
from hub.dossier.state.timers import Timers, TimerStep, without
from hub.regulation.clock import local_day
from hub.regulation.deadlines import next_invitation_day, postal_transit_limit
from hub.regulation.law import Law
from hub.regulation.sections import Relation
from schemas.party import PostalParty
from schemas.pickup import PickupCancelled, PickupOrdered, PickupProgressed


@rule("tt17-2017.7", "The post carries a parcel within J+n working days")
def transit_limit(taken_at: datetime, relation: Relation, law: Law) -> datetime:
    """Midnight after the last day of transit, counted from the day on which the post took the parcel."""
    return postal_transit_limit(law.calendar, law.profile, local_day(taken_at), relation).astimezone(UTC)


def ordered(dossier: Dossier, fact: PickupOrdered, step: TimerStep) -> dict[str, Any]:
    """A new order."""
    pickup = Pickup(
        direction=fact.direction,
        organisation=fact.organisation,
        status="ordered",
        relation=relation_of(fact.sender, fact.receiver),
        status_at=step.at,
        cash=fact.cash_on_delivery,
        papers=fact.papers,
    )
    return {"pickups": {**dossier.pickups, fact.order: pickup}}


def cancelled(dossier: Dossier, fact: PickupCancelled, step: TimerStep) -> dict[str, Any]:
    """The operator is told to drop the order."""
    pickup = replace(dossier.pickups[fact.order], status="cancelled", status_at=step.at)
    return {
        "pickups": {**dossier.pickups, fact.order: pickup},
        "timers": without(dossier, f"transit:{fact.order}", f"redelivery:{fact.order}"),
    }


def progressed(dossier: Dossier, fact: PickupProgressed, step: TimerStep) -> dict[str, Any]:
    """The status follows the latest time of a report, not its arrival; money and failures are counted."""
    before = dossier.pickups[fact.order]
    at = fact.at.astimezone(UTC)
    after = replace(
        before,
        failed_at=before.failures_with(fact.status, at),
        cash_collected=before.cash_collected + _amount(fact, "cod_collected"),
        cash_remitted=before.cash_remitted + _amount(fact, "cod_remitted"),
    )
    if before.is_news(fact.status, at):
        after = replace(after, status=fact.status, status_at=at)
    took_from = [move.giver for move in fact.moves if move.receiver == POST and move.giver != APPLICANT]
    if took_from:
        after = replace(after, giver=took_from[0])
    changes: dict[str, Any] = {
        "pickups": {**dossier.pickups, fact.order: after},
        "timers": _timers(dossier, fact, before, after, step),
    }
    for move in fact.moves:
        hand_over = HandOver(move.giver, move.receiver, move.papers)
        moved = replace(dossier, **changes)
        changes |= arrived(moved, hand_over, step) if move.confirmed else set_out(moved, hand_over)
    # QĐ 45/2016 Điều 7: a dossier sent by post is submitted when the minutes of hand-over are signed.
    if fact.status == "handed_over" and before.direction == "collect" and dossier.code is None:
        changes["submitted_at"] = at
    return changes


def relation_of(sender: PostalParty, receiver: PostalParty) -> Relation:
    """How far apart the ends lie, by VNPost codes; which cities are class I is not known."""
    if sender.province != receiver.province:
        return "inter_province"
    return "within_district" if sender.district == receiver.district != 0 else "within_province"


def _amount(fact: PickupProgressed, status: str) -> int:
    return (fact.amount or 0) if fact.status == status else 0


def _timers(
    dossier: Dossier, fact: PickupProgressed, before: Pickup, after: Pickup, step: TimerStep
) -> Timers:
    transit, redelivery = f"transit:{fact.order}", f"redelivery:{fact.order}"
    if not after.is_open:
        return without(dossier, transit, redelivery)
    timers = dict(dossier.timers)
    law, day = step.law, local_day(fact.at)
    if fact.status == "collected":
        timers[transit] = Timer("transit", transit_limit(fact.at, after.relation, law))
    if after.failed_at != before.failed_at:
        timers.pop(transit, None)
        timers.pop(redelivery, None)
        if len(after.failed_at) < law.profile.postal.invitations:
            next_day = next_invitation_day(law.calendar, law.profile, day)
            timers[redelivery] = Timer("redelivery", _closing(step, next_day))
    return timers


def _closing(step: TimerStep, day: date) -> datetime:
    return step.law.calendar.closing(day).astimezone(UTC)
