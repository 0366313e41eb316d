"""Payments: published fees only (3.5), one at a time, once."""

from __future__ import annotations

from dataclasses import replace as replace_field
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.dossier.decision import Refused, Sender
from hub.dossier.state.codec import from_json, to_json
from hub.regulation.catalogue import Schedule, ScheduledSum
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from schemas.payment import PaymentItem, PaymentRecorded, PaymentRequested, ReportPayment, RequestPayment
from tests.support.dossiers import (
    AGENCY,
    COUNTER,
    MONDAY,
    OFFICER,
    ONE_STOP,
    OTHER_COUNTER,
    PORTAL,
    PROCEDURE,
    Story,
    acceptance,
    accepted,
    at,
    identified,
    lodged,
    papers,
    submitted,
)
from tests.support.registers import merged

# Chứng thực bản sao: 8 000 đồng, no text beside it.
PROCEDURE_WITH_FEE = "2.000635"
PAYMENTS = Sender("thu-phi-mau", frozenset({"payments"}), frozenset())
PROVISION = "Nghị quyết mẫu số 01/NQ-HĐND"
FEE = PaymentItem(kind="fee", amount=8000, quantity=2)


def story() -> Story:
    lived = identified(procedure=PROCEDURE_WITH_FEE, components=papers(PROCEDURE_WITH_FEE, 1))
    lived.accepts(acceptance("2.000635", components=lodged(lived.now), case="2.000635.02"), COUNTER)
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
        (PaymentItem(kind="fee", amount=8000, quantity=21), "/items/0/quantity"),
        (PaymentItem(kind="service_fee", amount=8000), "/items/0/kind"),
    ],
)
def test_what_is_not_published_may_not_be_asked_for(item: PaymentItem, field: str) -> None:
    refused = story().refuses(demand(item), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.3.5", "3.5", (field,))


@pytest.mark.rule("3.5")
@pytest.mark.parametrize("amount", [15_000, 900_000_000])
def test_a_fee_without_an_amount_is_not_asked_for_because_a_sender_names_a_text(amount: int) -> None:
    """The record of PROCEDURE has a service fee without a sum, and no schedule completes it."""
    lived = accepted(procedure=PROCEDURE)
    item = PaymentItem(kind="service_fee", amount=amount, basis="Nghị quyết mẫu số 01/NQ-HĐND")
    refused = lived.refuses(demand(item), COUNTER)
    assert refused == Refused("rule.3.5.schedule", "3.5", ("/items/0/amount",))
    unasked = paid(None, amount, items=(item,), place="counter")
    assert lived.refuses(unasked, PAYMENTS).code == "rule.3.5.schedule"


@pytest.mark.rule("3.5")
def test_another_amount_than_the_published_ones_is_wrong_although_one_row_is_open() -> None:
    """1.004194 publishes sums and a row for who is exempt, without one."""
    lived = submitted(procedure="1.004194", components=papers("1.004194", 1))
    refused = lived.refuses(demand(PaymentItem(kind="fee", amount=16_000)), COUNTER)
    assert refused == Refused("rule.3.5", "3.5", ("/items/0/amount",))
    lived.accepts(demand(PaymentItem(kind="fee", amount=10_000, quantity=3)), COUNTER)


def with_schedule(*more: ScheduledSum) -> Story:
    """The same, with sums that the provincial council has approved from 2026 on."""
    lived = accepted(procedure=PROCEDURE)
    schedule = Schedule(
        "service_fee",
        frozenset({lived.now.channel}),
        PROVISION,
        date(2026, 1, 1),
        date(2027, 1, 1),
        (ScheduledSum(15_000, "Đăng ký quá hạn", "", 1), ScheduledSum(3_000, "Bản sao", "bản sao", 5), *more),
    )
    catalogue = lived.law.catalogue
    found = replace_field(catalogue.procedures[PROCEDURE], schedules=(schedule,))
    procedures = {**catalogue.procedures, PROCEDURE: found}
    lived.law = replace_field(lived.law, catalogue=replace_field(catalogue, procedures=procedures))
    return lived


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("item", "field", "possible"),
    [
        (PaymentItem(kind="service_fee", amount=15_001, basis=PROVISION), "amount", ()),
        (PaymentItem(kind="service_fee", amount=15_000), "basis", (PROVISION,)),
        (PaymentItem(kind="service_fee", amount=15_000, basis="Nghị quyết khác"), "basis", (PROVISION,)),
        (PaymentItem(kind="service_fee", amount=15_000, basis=PROVISION, quantity=2), "quantity", ()),
        (PaymentItem(kind="service_fee", amount=3_000, basis=PROVISION, quantity=6), "quantity", ()),
    ],
)
def test_an_approved_schedule_says_which_sums_may_be_asked_for_and_how_often(
    item: PaymentItem, field: str, possible: tuple[str, ...]
) -> None:
    lived = with_schedule()
    refused = lived.refuses(demand(item), COUNTER)
    assert refused == Refused("rule.3.5", "3.5", (f"/items/0/{field}",), possible=possible)
    good = PaymentItem(kind="service_fee", amount=15_000, basis=PROVISION)
    (fact,) = lived.accepts(
        demand(good, PaymentItem(kind="service_fee", amount=3_000, basis=PROVISION, quantity=5)), COUNTER
    )
    assert isinstance(fact, PaymentRequested)
    assert fact.total == 30_000


@pytest.mark.rule("3.5")
def test_a_schedule_that_has_ended_bears_nothing_out() -> None:
    lived = with_schedule()
    item = PaymentItem(kind="service_fee", amount=15_000, basis=PROVISION)
    assert lived.refuses(demand(item), COUNTER, at("2027-01-01 08:00")).code == "rule.3.5.schedule"
    lived.accepts(demand(item), COUNTER, at("2026-12-31 16:00"))


@pytest.mark.rule("3.5")
def test_a_published_fee_that_is_due_once_is_asked_for_once() -> None:
    """100,000 đồng a publication (lần), not a piece."""
    lived = submitted(procedure="2.001610", components=papers("2.001610", 1))
    once = PaymentItem(kind="fee", amount=100_000)
    twice = once.model_copy(update={"quantity": 2})
    assert lived.refuses(demand(twice), COUNTER).fields == ("/items/0/quantity",)
    lived.accepts(demand(once), COUNTER)


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


@pytest.mark.rule("3.5")
def test_a_demand_larger_than_a_sum_may_be_is_refused_by_name() -> None:
    lived = with_schedule(ScheduledSum(10_000_000_000, "Mức cao nhất", "bản", 2))
    fee = PaymentItem(kind="service_fee", amount=10_000_000_000, basis=PROVISION)
    doubled = fee.model_copy(update={"quantity": 2})
    assert lived.refuses(demand(doubled), COUNTER) == Refused("payment.too_large", "3.5", ("/items",))
    assert lived.refuses(demand(fee, fee), COUNTER) == Refused("payment.too_large", "3.5", ("/items",))
    (fact,) = lived.accepts(demand(fee), COUNTER)
    assert isinstance(fact, PaymentRequested)
    assert fact.total == fee.amount


def with_accounts() -> Story:
    """The register has an account of the one-stop, and none of the agency."""
    lived, lasting = story(), {"in_force_until": None, "successors": ()}
    lived.registers = Registers(
        Organisations([one.model_copy(update=lasting) for one in merged().records if one.code == ONE_STOP])
    )
    return lived


@pytest.mark.rule("4.1")
def test_fees_are_asked_and_paid_into_the_account_that_the_register_has() -> None:
    lived = with_accounts()
    (asked,) = lived.accepts(demand(), COUNTER)
    assert isinstance(asked, PaymentRequested)
    assert asked.payee_account == "3511.0.1234"
    refused = lived.refuses(paid(asked.payment, payee_account="999"), PAYMENTS)
    assert (refused.code, refused.rule, refused.fields) == (
        "payment.other_account", "4.1", ("/payee_account",),
    )  # fmt: skip
    assert refused.possible == ("3511.0.1234",)
    (fact,) = lived.accepts(paid(asked.payment, payee_account="351101234"), PAYMENTS)
    assert isinstance(fact, PaymentRecorded)
    assert fact.payee_account == "351101234"


@pytest.mark.rule("4.1")
def test_without_an_account_on_record_or_in_the_report_nothing_is_asked() -> None:
    with_accounts().accepts(paid(None, items=(FEE.model_dump(),)), PAYMENTS)
    lived = story()
    (asked,) = lived.accepts(demand(), COUNTER)
    assert isinstance(asked, PaymentRequested)
    assert asked.payee_account is None
    lived.accepts(paid(asked.payment, payee_account="999"), PAYMENTS)
