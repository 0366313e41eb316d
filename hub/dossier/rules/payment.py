"""Payments (Art. 3.5): nothing is asked, and nothing taken, beyond the published fees."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import Dossier, Payment
from hub.regulation.catalogue import Fee, Schedule
from hub.regulation.clock import local_day
from schemas.payment import (
    PaymentItem,
    PaymentItems,
    PaymentRecorded,
    PaymentRequested,
    ReportPayment,
    RequestPayment,
)
from schemas.types import MOST_DONG

_LONGEST_BASE = 56
_LAST_NUMBER = 9999


@rule("3.5", "Only fees that the catalogue publishes for the channel may be asked or taken")
def unpublished(items: PaymentItems, dossier: Dossier, context: Context) -> Refused | None:
    """By the record, or where it gives no amount by the approved schedule that completes it.

    The provision that a demand names is the schedule's, never the sender's own word for it.
    """
    entry = known(dossier.procedure, context)
    offer = entry.channels.get(dossier.channel) if entry is not None else None
    fees = offer.fees if offer is not None else ()
    today = local_day(context.now)
    faults: list[str] = []
    is_unscheduled = True
    provisions: dict[str, None] = {}
    for index, item in enumerate(items):
        schedule = entry.schedule(item.kind, dossier.channel, today) if entry is not None else None
        if (name := fault(item, fees, schedule)) is None:
            continue
        faults.append(f"/items/{index}/{name}")
        is_unscheduled = is_unscheduled and schedule is None and _is_unpublished(item, fees)
        if name == "basis" and schedule is not None:
            provisions[schedule.provision] = None
    if not faults:
        return None
    code = "rule.3.5.schedule" if is_unscheduled else "rule.3.5"
    return Refused(code, rule="3.5", fields=tuple(faults), possible=tuple(provisions))


def fault(item: PaymentItem, fees: tuple[Fee, ...], schedule: Schedule | None) -> str | None:
    """The field of an item that no published fee bears out."""
    of_kind = [fee for fee in fees if fee.kind == item.kind]
    if not of_kind:
        return "kind"
    published = [fee for fee in of_kind if fee.currency == "VND" and fee.amount == item.amount]
    if published:
        return None if item.quantity <= max(fee.pieces for fee in published) else "quantity"
    if schedule is None or not _is_open(item, fees):
        return "amount"
    scheduled = [one for one in schedule.sums if one.amount == item.amount]
    if not scheduled:
        return "amount"
    if item.basis != schedule.provision:
        return "basis"
    return None if item.quantity <= max(one.pieces for one in scheduled) else "quantity"


def _is_open(item: PaymentItem, fees: tuple[Fee, ...]) -> bool:
    """Whether the record publishes such a fee without its amount."""
    return any(fee.kind == item.kind and fee.amount is None for fee in fees)


def _is_unpublished(item: PaymentItem, fees: tuple[Fee, ...]) -> bool:
    """Whether the record publishes such fees, and no amount of any."""
    return _is_open(item, fees) and all(fee.amount is None for fee in fees if fee.kind == item.kind)


@rule("3.5", "The applicant is asked for one payment at a time")
def no_payment_is_open(dossier: Dossier, _request: RequestPayment, context: Context) -> Refused | None:
    """A second demand beside an open one would be paid twice; and a number has at most four digits."""
    if len(dossier.payments) >= _LAST_NUMBER:
        return Refused("payment.used_up", rule="3.5")
    if any(payment.status != "paid" for payment in dossier.payments.values()):
        return conflict(dossier, context, "payment.already_open", "3.5")
    return None


@rule("3.5", "What is asked is published")
def demand_is_published(dossier: Dossier, request: RequestPayment, context: Context) -> Refused | None:
    """By the catalogue in force for the dossier's procedure and channel."""
    return unpublished(request.items, dossier, context)


_REQUEST: tuple[Check[Dossier, RequestPayment], ...] = (no_payment_is_open, demand_is_published)


def payment_number(dossier: Dossier, dossier_id: str) -> str:
    """`<official code or dossier id>__P<n>`: unique for ever."""
    base = dossier.code or dossier_id
    return f"{base if len(base) <= _LONGEST_BASE else dossier_id}__P{len(dossier.payments) + 1}"


def request_payment(dossier: Dossier, request: RequestPayment, context: Context) -> Decision:
    """The applicant is asked to pay."""
    if (refused := first_refusal(_REQUEST, dossier, request, context)) is not None:
        return refused
    total = _total(request.items)
    if total > MOST_DONG:
        return Refused("payment.too_large", rule="3.5", fields=("/items",))
    fact = PaymentRequested(
        payment=payment_number(dossier, context.dossier_id),
        officer=request.officer,
        items=request.items,
        total=total,
        payee_account=next(iter(_accounts(dossier, context)), None),
        requested_at=context.now,
    )
    return Accepted((fact,), ids_of(_REQUEST))


@rule("3.5", "What is paid is what was asked, or published fees paid unasked")
def payment_is_due(dossier: Dossier, request: ReportPayment, context: Context) -> Refused | None:
    """The sum must be the one asked for; what is paid cannot be paid again."""
    if request.payment is None:
        if len(dossier.payments) >= _LAST_NUMBER:
            return Refused("payment.used_up", rule="3.5")
        if (refused := unpublished(request.items, dossier, context)) is not None:
            return refused
        is_whole = request.amount == _total(request.items)
        return None if is_whole else Refused("rule.3.5", rule="3.5", fields=("/amount",))
    asked = dossier.payments.get(request.payment)
    if asked is None:
        return Refused("payment.unknown", rule="3.5", fields=("/payment",))
    if asked.status == "paid":
        return conflict(dossier, context, "payment.already_paid", "3.5")
    if request.status == "paid" and request.amount != asked.total:
        return Refused("rule.3.5", rule="3.5", fields=("/amount",))
    return None


@rule("4.1", "Fees go to the account of the one-stop or of the agency")
def account_is_the_payees(dossier: Dossier, request: ReportPayment, context: Context) -> Refused | None:
    """Of those that the register has for this day; how an account is grouped does not matter."""
    known = _accounts(dossier, context)
    if request.payee_account is None or not known or _plain(request.payee_account) in map(_plain, known):
        return None
    return Refused("payment.other_account", rule="4.1", fields=("/payee_account",), possible=known)


def _accounts(dossier: Dossier, context: Context) -> tuple[str, ...]:
    """That of the one-stop first, which collects (9.10)."""
    day, known = local_day(context.now), context.registers.organisations
    found = (known.on(code, day) for code in (dossier.organisation, dossier.agency) if known)
    return tuple(
        dict.fromkeys(one.payee_account for one in found if one is not None and one.payee_account is not None)
    )


def _plain(account: str) -> str:
    return "".join(sign for sign in account if sign.isalnum()).casefold()


_REPORT: tuple[Check[Dossier, ReportPayment], ...] = (payment_is_due, account_is_the_payees)


def report(dossier: Dossier, request: ReportPayment, context: Context) -> Decision:
    """Record what became of a payment."""
    if (refused := first_refusal(_REPORT, dossier, request, context)) is not None:
        return refused
    items = request.items if request.payment is None else asked_items(dossier.payments[request.payment])
    fact = PaymentRecorded(
        payment=request.payment or payment_number(dossier, context.dossier_id),
        items=items,
        status=request.status,
        amount=request.amount,
        at=request.at,
        place=request.place,
        payee_account=request.payee_account,
        transaction=request.transaction,
        raw_code=request.raw_code,
    )
    return Accepted((fact,), ids_of(_REPORT))


def asked_items(payment: Payment) -> PaymentItems:
    """The items of a kept payment as they stand in facts."""
    return tuple(
        PaymentItem(kind=kind, amount=amount, quantity=quantity, basis=basis)
        for kind, amount, quantity, basis in payment.items
    )


def _total(items: PaymentItems) -> int:
    return sum(item.total for item in items)
