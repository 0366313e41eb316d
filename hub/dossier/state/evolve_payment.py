"""What the facts of a payment make of a dossier."""

from __future__ import annotations

from typing import Any

from hub.dossier.state.model import Dossier, Payment
from hub.dossier.state.timers import TimerStep
from schemas.payment import PaymentItems, PaymentRecorded, PaymentRequested


def payment_requested(dossier: Dossier, fact: PaymentRequested, _step: TimerStep) -> dict[str, Any]:
    """A payment is open."""
    payment = Payment("requested", fact.total, _kept(fact.items))
    return {"payments": {**dossier.payments, fact.payment: payment}}


def payment_recorded(dossier: Dossier, fact: PaymentRecorded, _step: TimerStep) -> dict[str, Any]:
    """It is paid, or still open after a refusal."""
    before = dossier.payments.get(fact.payment)
    total = before.total if before is not None else fact.amount
    return {"payments": {**dossier.payments, fact.payment: Payment(fact.status, total, _kept(fact.items))}}


def _kept(items: PaymentItems) -> tuple[tuple[Any, int, int, str | None], ...]:
    return tuple((item.kind, item.amount, item.quantity, item.basis) for item in items)
