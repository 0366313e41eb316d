"""Payments: published fees only (3.5), one at a time, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.dossier.decision import Refused, Sender
from hub.dossier.state.codec import from_json, to_json
from schemas.payment import PaymentItem, PaymentRecorded, PaymentRequested, ReportPayment, RequestPayment
from tests.support.dossiers import (
    AGENCY,
    COUNTER,
    MONDAY,
    OFFICER,
    OTHER_COUNTER,
    PORTAL,
    PROCEDURE,
    Story,
    acceptance,
    accepted,
    identified,
    lodged,
    papers,
    submitted,
)

# Chứng thực bản sao: 8 000 đồng, no text beside it.
PROCEDURE_WITH_FEE = "2.000635"
PAYMENTS = Sender("thu-phi-mau", frozenset({"payments"}), frozenset())
FEE = PaymentItem(kind="fee", amount=8000, quantity=2)


def story() -> Story:
    lived = identified(procedure=PROCEDURE_WITH_FEE, components=papers(PROCEDURE_WITH_FEE, 1))
    lived.accepts(acceptance(components=lodged(lived.now), case="2.000635.02"), COUNTER)
    return lived


def demand(*items: PaymentItem) -> RequestPayment:
    return RequestPayment(officer=OFFICER, items=items or (FEE,))


def paid(payment: str | None, amount: int = 16000, status: str = "paid", **changes: Any) -> ReportPayment:
    return ReportPayment.model_validate(
        {"payment": payment, "status": status, "amount": amount, "at": MONDAY, "place": "portal"} | changes
    )


def open_payment(lived: Story) -> str:
    (fact,) = lived.accepts(demand(), COUNTER)
    assert isinstance(fact, PaymentRequested)
    return fact.payment


@pytest.mark.rule("3.5")
def test_a_published_fee_may_be_asked_for_and_is_counted_by_its_quantity() -> None:
    lived = story()
    (fact,) = lived.accepts(demand(), COUNTER)
    assert isinstance(fact, PaymentRequested)
    assert fact.total == 16000
    assert fact.payment == f"{lived.now.code}__P1"
    assert lived.now.payments[fact.payment].status == "requested"
    assert from_json(to_json(lived.now)) == lived.now


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("item", "field"),
    [
        (PaymentItem(kind="fee", amount=9000), "/items/0/amount"),
        (PaymentItem(kind="fee", amount=9000, basis="Thông tư Mẫu"), "/items/0/amount"),
        (PaymentItem(kind="service_fee", amount=8000), "/items/0/kind"),
    ],
)
def test_what_is_not_published_may_not_be_asked_for(item: PaymentItem, field: str) -> None:
    refused = story().refuses(demand(item), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.3.5", "3.5", (field,))


@pytest.mark.rule("3.5")
def test_a_sum_that_stands_in_another_text_needs_that_text_named() -> None:
    # The record of PROCEDURE has a service fee without a sum: the provincial council sets it.
    lived = accepted(procedure=PROCEDURE)
    bare = PaymentItem(kind="service_fee", amount=15000)
    assert lived.refuses(demand(bare), COUNTER).fields == ("/items/0/basis",)
    assert lived.refuses(demand(bare.model_copy(update={"basis": " "})), COUNTER).fields == (
        "/items/0/basis",
    )
    lived.accepts(demand(bare.model_copy(update={"basis": "Nghị quyết mẫu số 01/NQ-HĐND"})), COUNTER)


def test_a_payment_that_was_made_is_recorded_with_the_items_that_were_asked_for() -> None:
    lived = story()
    payment = open_payment(lived)
    (fact,) = lived.accepts(paid(payment, transaction="PP1"), PORTAL)
    assert isinstance(fact, PaymentRecorded)
    assert fact.items == (FEE,)
    assert fact.transaction == "PP1"
    assert lived.now.payments[payment].status == "paid"


def test_a_refused_payment_leaves_the_demand_open_and_can_be_paid_later() -> None:
    lived = story()
    payment = open_payment(lived)
    lived.accepts(paid(payment, amount=0, status="refused", raw_code="99"), PORTAL)
    assert lived.refuses(demand(), COUNTER).code == "payment.already_open"
    lived.accepts(paid(payment), PAYMENTS)
    lived.accepts(demand(), COUNTER)
    assert sorted(lived.now.payments) == [payment, payment.replace("__P1", "__P2")]


def test_what_is_paid_cannot_be_paid_again() -> None:
    lived = story()
    payment = open_payment(lived)
    lived.accepts(paid(payment), PORTAL)
    assert lived.refuses(paid(payment, transaction="PP2"), PORTAL).code == "payment.already_paid"


@pytest.mark.rule("3.5")
def test_another_sum_than_the_one_asked_for_is_refused() -> None:
    lived = story()
    payment = open_payment(lived)
    assert lived.refuses(paid(payment, amount=16001), PORTAL).fields == ("/amount",)


def test_a_payment_that_nobody_asked_for_under_this_number_is_refused() -> None:
    assert story().refuses(paid("H07.34.12-261005-0009__P1"), PORTAL).code == "payment.unknown"


@pytest.mark.rule("3.5")
def test_fees_paid_unasked_must_be_published_too() -> None:
    lived = story()
    unasked = paid(None, items=(FEE,), place="counter")
    assert lived.refuses(unasked.model_copy(update={"amount": 15999}), PAYMENTS).fields == ("/amount",)
    wrong = unasked.model_copy(update={"items": (FEE.model_copy(update={"amount": 1}),)})
    assert lived.refuses(wrong, PAYMENTS).code == "rule.3.5"
    (fact,) = lived.accepts(unasked, PAYMENTS)
    assert isinstance(fact, PaymentRecorded)
    assert lived.now.payments[fact.payment].status == "paid"


def test_only_the_dossiers_own_organisations_ask_for_money_and_not_while_a_supplement_is_awaited() -> None:
    lived = story()
    assert lived.refuses(demand(), OTHER_COUNTER).code == "security.foreign_organisation"
    assert isinstance(submitted(MONDAY + timedelta(hours=1)).send(demand(FEE), AGENCY), Refused)


def test_a_report_names_either_what_was_asked_for_or_what_was_paid() -> None:
    with pytest.raises(ValueError, match="one of the fields is needed"):
        paid(None)
    with pytest.raises(ValueError, match="do not go together"):
        paid("H07.34.12-261005-0009__P1", items=(FEE,))
    with pytest.raises(ValueError, match="one of the fields is needed"):
        paid(None, status="refused", items=(FEE,))


@pytest.mark.rule("3.5")
def test_a_payment_behind_the_last_number_is_refused_by_name() -> None:
    lived = story()
    number = open_payment(lived)
    lived.accepts(paid(number), PAYMENTS)
    assert lived.now.payments[number].status == "paid"
    many = {f"{number[:-1]}{count}": lived.now.payments[number] for count in range(1, 10_000)}
    lived.dossier = replace(lived.now, payments=many)
    assert lived.refuses(demand(), COUNTER) == Refused("payment.used_up", "3.5")
    unasked = paid(None, items=(FEE,))
    assert lived.refuses(unasked, PAYMENTS) == Refused("payment.used_up", "3.5")
