"""The post (Art. 13.2; QĐ 45/2016/QĐ-TTg; TT 17/2017/TT-BTTTT): orders and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.loss import loss_on_the_way
from hub.dossier.rules.postal_custody import moves_of, ordered_papers_are_there, taken_late
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import CANCELLABLE, conflict, may_serve
from hub.dossier.state.model import Dossier, Pickup, Status
from hub.regulation.clock import local_day
from hub.regulation.deadlines import next_invitation_day
from hub.regulation.errors import CalendarYearError
from schemas.due import RuleViolated
from schemas.pickup import (
    CancelPickup,
    CashSums,
    Direction,
    OrderPickup,
    PickupCancelled,
    PickupOrdered,
    PickupProgressed,
    ReportPickup,
)

_CLOCK_SKEW = timedelta(minutes=5)
_OLDEST_REPORT = timedelta(days=366)
_LONGEST_ORDER = 64
_LAST_NUMBER = 9999
"""Counterparts read four digits."""
_LONGEST_TITLE = 250
_SUFFIX: Mapping[Direction, str] = {"collect": "C", "deliver": "D", "between": "B"}
_IN_WORK: frozenset[Status] = frozenset({"accepted", "forwarded", "received", "in_process"})
_MAY_ORDER: Mapping[Direction, frozenset[Status]] = {
    "collect": frozenset({"submitted", "awaiting_supplement"}),
    "deliver": frozenset({"result_issued", "declined", "withdrawn"}),
    "between": _IN_WORK | {"awaiting_supplement", "result_issued"},
}
"""Collect what is lodged or supplemented; deliver a result or papers that go back; carry between agencies."""


@rule("13.2", "The post is used where the procedure and the applicant have chosen it")
def post_is_chosen(dossier: Dossier, request: OrderPickup, context: Context) -> Refused | None:
    """Collecting needs a procedure open for the post (20.2), a result by post a registration (18.3)."""
    if request.direction == "collect":
        entry = known(dossier.procedure, context)
        if entry is None or "post" not in entry.channels:
            return Refused("rule.13.2", rule="13.2", fields=("/direction",))
    if (
        request.direction == "deliver"
        and dossier.status == "result_issued"
        and dossier.return_channel != "post"
    ):
        return Refused("rule.13.2", rule="13.2", fields=("/direction",))
    return None


@rule("13.2", "An order of the post belongs to this dossier's agencies")
def customer_is_of_the_dossier(dossier: Dossier, request: OrderPickup, _context: Context) -> Refused | None:
    """The customer code is that of the one-stop or of the competent agency."""
    if request.organisation not in {dossier.organisation, dossier.agency}:
        return Refused("rule.13.2.customer", rule="13.2", fields=("/organisation",))
    return None


@rule("13.2", "There is one open order in each direction to and from the applicant")
def no_order_is_open(dossier: Dossier, request: OrderPickup, context: Context) -> Refused | None:
    """A second postman for the same papers would be a mistake; between agencies several may be under way."""
    if dossier.status not in _MAY_ORDER[request.direction]:
        return conflict(dossier, context)
    if _count(dossier, request.direction) >= _LAST_NUMBER:
        return Refused("pickup.used_up", rule="13.2", fields=("/direction",))
    if request.direction != "between" and any(
        pickup.is_open and pickup.direction == request.direction for pickup in dossier.pickups.values()
    ):
        return conflict(dossier, context, "pickup.already_open", "13.2")
    return None


_ORDER: tuple[Check[Dossier, OrderPickup], ...] = (
    no_order_is_open,
    customer_is_of_the_dossier,
    post_is_chosen,
    ordered_papers_are_there,
)


def order_number(dossier: Dossier, dossier_id: str, direction: Direction) -> str:
    """`<official code or dossier id>__<C|D|B><n>`: unique for ever, the operator's idempotency key."""
    suffix = f"__{_SUFFIX[direction]}{1 + _count(dossier, direction)}"
    base = dossier.code or dossier_id
    return f"{base if len(base) + len(suffix) <= _LONGEST_ORDER else dossier_id}{suffix}"


def _count(dossier: Dossier, direction: Direction) -> int:
    return sum(pickup.direction == direction for pickup in dossier.pickups.values())


def order(dossier: Dossier, request: OrderPickup, context: Context) -> Decision:
    """A complete order for the operator."""
    if (refused := first_refusal(_ORDER, dossier, request, context)) is not None:
        return refused
    entry = known(dossier.procedure, context)
    fact = PickupOrdered(
        order=order_number(dossier, context.dossier_id, request.direction),
        direction=request.direction,
        sender=request.sender,
        receiver=request.receiver,
        organisation=request.organisation,
        cash_on_delivery=request.cash_on_delivery,
        contents=request.contents,
        note=request.note,
        papers=request.papers,
        procedure=dossier.procedure,
        procedure_title=entry.name[:_LONGEST_TITLE] if entry is not None else None,
        returns_by_post=dossier.return_channel == "post",
    )
    return Accepted((fact,), ids_of(_ORDER))


@rule("qd45-2016.6", "What the postman has taken over cannot be cancelled")
def order_is_not_collected(dossier: Dossier, request: CancelPickup, context: Context) -> Refused | None:
    """An order can be cancelled before it is collected."""
    pickup = dossier.pickups.get(request.order)
    if pickup is None:
        return Refused("pickup.unknown_order", rule="qd45-2016.6", fields=("/order",))
    if pickup.status not in CANCELLABLE:
        return conflict(dossier, context, "pickup.already_collected", "qd45-2016.6")
    return None


def cancel(dossier: Dossier, request: CancelPickup, context: Context) -> Decision:
    """Tell the operator to drop the order."""
    if (refused := order_is_not_collected(dossier, request, context)) is not None:
        return refused
    fact = PickupCancelled(
        order=request.order, organisation=dossier.pickups[request.order].organisation, reason=request.reason
    )
    return Accepted((fact,), (order_is_not_collected.id,))


@rule("qd45-2016.7", "The post reports on orders of this dossier, at a time that can be true")
def report_is_plausible(dossier: Dossier, request: ReportPickup, context: Context) -> Refused | None:
    """Reports may come late and out of order, but not from the future: their time has legal effect.

    An order of a customer whom the reporting post does not serve is unknown to it.
    """
    pickup = dossier.pickups.get(request.order)
    if pickup is None or not may_serve(context.sender, "postal", pickup.organisation):
        return Refused("pickup.unknown_order", rule="qd45-2016.7", fields=("/order",))
    is_near = context.now - _OLDEST_REPORT <= request.at <= context.now + _CLOCK_SKEW
    if not is_near or not _is_in_calendar(request, context):
        return Refused("pickup.implausible_time", rule="qd45-2016.7", fields=("/at",))
    return None


def _is_in_calendar(request: ReportPickup, context: Context) -> bool:
    try:
        context.law.calendar.is_working_day(request.at)
    except CalendarYearError:
        return False
    return True


@rule("tt17-2017.5", "A result goes back only after two failed deliveries two working days apart")
def may_be_returned(pickup: Pickup, context: Context) -> bool:
    """Thông tư 17/2017 Điều 5; the numbers stand in the profile."""
    law = context.law
    if len(pickup.failed_at) < law.profile.postal.invitations:
        return False
    first_day = local_day(pickup.failed_at[0])
    earliest = next_invitation_day(law.calendar, law.profile, first_day)
    return local_day(pickup.failed_at[-1]) >= earliest


def cash_after(pickup: Pickup, request: ReportPickup) -> CashSums | None:
    """The sums of an order after a report about its cash; None for any other report."""
    if request.status not in {"cod_collected", "cod_remitted"}:
        return None
    amount = request.amount or 0
    collected = pickup.cash_collected + (amount if request.status == "cod_collected" else 0)
    remitted = pickup.cash_remitted + (amount if request.status == "cod_remitted" else 0)
    return CashSums(
        ordered=pickup.cash, collected=collected, remitted=remitted, difference=collected - remitted
    )


@rule("qd45-2016.15", "The post collects what was ordered and pays it over in full")
def cash_agrees(pickup: Pickup, request: ReportPickup, sums: CashSums) -> bool:
    """Whether a report's sums can be right; reports may come in any order.

    Each collection is measured by the ordered sum, each payment by what was collected before it, or by the
    ordered sum when its collection was not reported yet.
    """
    if request.status == "cod_collected":
        return sums.collected == sums.ordered and sums.remitted <= sums.collected
    return sums.remitted == (sums.collected if pickup.cash_collected else sums.ordered)


def cash_differences(dossier: Dossier) -> Mapping[str, int]:
    """Work list: orders whose collected cash was not paid over in full (or too much was), with the sum."""
    return {
        number: pickup.cash_collected - pickup.cash_remitted
        for number, pickup in dossier.pickups.items()
        if pickup.cash_collected != pickup.cash_remitted
    }


def report(dossier: Dossier, request: ReportPickup, context: Context) -> Decision:
    """Record what happened; an early return and cash that does not add up are recorded as violations."""
    if (refused := report_is_plausible(dossier, request, context)) is not None:
        return refused
    pickup = dossier.pickups[request.order]
    sums = cash_after(pickup, request)
    moves = moves_of(dossier, request)
    fact = PickupProgressed(
        order=request.order,
        status=request.status,
        at=request.at,
        raw_code=request.raw_code,
        item=request.item,
        minutes=request.minutes,
        amount=request.amount,
        note=request.note,
        failures=len(pickup.failures_with(request.status, request.at)),
        cash=sums,
        moves=moves,
    )
    rules: tuple[str, ...] = (
        report_is_plausible.id,
        may_be_returned.id,
        moves_of.id,
        taken_late.id,
        loss_on_the_way.id,
    )
    violations = list(taken_late(dossier, request, moves))
    if sums is not None:
        rules = (*rules, cash_agrees.id)
        if not cash_agrees(pickup, request, sums):
            violations.append(RuleViolated(rule="qd45-2016.15", late_s=0))
    if (
        request.status == "returned"
        and pickup.direction == "deliver"
        and not may_be_returned(pickup, context)
    ):
        violations.append(RuleViolated(rule="tt17-2017.5", late_s=0))
    lost = loss_on_the_way(dossier, request, moves)
    return Accepted((fact, *lost, *violations), tuple(dict.fromkeys(rules)))
