"""Payments on the portal (PayPlat 1.0.6): what can be paid, and the result that comes back (pure).

Source: contract 6.1. All that is used of a message are the fields that its MaXacThuc was checked over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from adapters.national_portal.authenticity import ANSWER, BILL, CONFIRM, LOOKUP, authenticator, genuine_fields
from adapters.national_portal.mapping import fee_name, read_wire_time, wire_time
from adapters.national_portal.names import derived_id
from adapters.national_portal.record import Bill, Record
from adapters.national_portal.settings import PaymentSettings
from hub.delivery.adapter import Report
from hub.delivery.foreign_text import line
from schemas.payment import ReportPayment

PAID: Final = "00"
FAILED: Final = "99"
CURRENCY: Final = "VND"
_REFERENCE: Final = re.compile(r"[\x21-\x7e]{1,64}")
_KINDS: Final = {"fee": "1", "service_fee": "2", "price_level": "1"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A genuine result, its fields as they were signed; only `read_confirmation` makes one."""

    code: str
    partner: str
    reference: str
    sum: str
    currency: str
    transaction: str
    time: str

    @property
    def amount(self) -> int | None:
        """SoTien as whole đồng; None for anything else."""
        is_whole = re.fullmatch(r"[0-9]{1,11}", self.sum) and self.currency in {"", CURRENCY}
        return int(self.sum) if is_whole else None

    @property
    def is_paid(self) -> bool | None:
        """MaLoi 00 is paid, any other code is not; None for one that could be meant as 00, and for none."""
        if self.code == PAID:
            return True
        return None if not self.code.strip().strip("0") else False


def read_confirmation(body: Body, shared: PaymentSettings) -> Confirmation | None:
    """The result; None for one of another kind or partner, and unless MaXacThuc is that of the platform."""
    fields = genuine_fields(body, CONFIRM, shared.secret.get_secret_value())
    if fields is None or fields["LoaiBanTin"] != shared.confirmation_kind:
        return None
    if fields["MaDoiTac"] != shared.partner:
        return None
    return Confirmation(
        code=fields["MaLoi"],
        partner=fields["MaDoiTac"],
        reference=fields["MaThamChieu"],
        sum=fields["SoTien"],
        currency=fields["MaTienTe"],
        transaction=fields["MaGiaoDich"],
        time=fields["ThoiGianGD"],
    )


def confirmation_answer(told: Confirmation, code: str, words: str, secret: str) -> Body:
    """The answer to a genuine result: the same for the same result, whenever it comes."""
    answer = {
        "MaLoi": code,
        "MoTaLoi": words,
        "MaDoiTac": told.partner,
        "MaThamChieu": told.reference,
        "ThoiGianGD": told.time,
    }
    return {**answer, "MaXacThuc": authenticator(answer, ANSWER, secret)}


def stranger_answer(words: str) -> Body:
    """The answer to whoever is not known to be the platform: same shape, unsigned, nothing repeated."""
    return {**dict.fromkeys(ANSWER, ""), "MaLoi": FAILED, "MoTaLoi": words, "MaXacThuc": ""}


def payment_report(told: Confirmation, dossier: str, record: Record) -> Report:
    """The report of a genuine result whose payment and sum were checked; one id per result.

    Raises ValueError for a time that is none, and for a code that cannot be told from success.
    """
    if told.is_paid is None:
        raise ValueError("no MaLoi")
    at = read_wire_time(told.time)
    amount = told.amount or 0
    data = ReportPayment(
        payment=told.reference,
        status="paid" if told.is_paid else "refused",
        amount=amount,
        at=at,
        place="portal",
        transaction=told.transaction if _REFERENCE.fullmatch(told.transaction) else None,
        raw_code=line(told.code)[:20],
    )
    # The id is told to others, so no part of it comes of the secret.
    parts = (told.partner, told.reference, told.transaction, told.code, str(amount), told.time)
    encoded = data.model_dump_json(exclude_none=True).encode()
    return Report(derived_id("dvcqg-tt", *parts), ReportPayment.type, record.code or dossier, at, encoded)


def is_lookup_genuine(body: Body, secret: str) -> bool:
    """Whether a look-up comes from the platform (assumed to be signed over MaHoSo)."""
    return genuine_fields(body, LOOKUP, secret) is not None


def bill_of(record: Record, bill: Bill) -> Body:
    """What the portal shows as payable; MaTraCuuTT is MaHoSo with the time of the demand (contract 6.1)."""
    code = record.wire_code or ""
    return {
        "MaTraCuuTT": code + wire_time(bill.asked_at),
        "MaHoSo": code,
        "MaTTHC": record.procedure,
        "MaThamChieu": bill.payment,
        "SoTien": str(bill.total),
        "MaTienTe": CURRENCY,
        "PhiLePhi": [
            {
                "LoaiPhiLePhi": _KINDS[item.kind],
                "MaPhiLePhi": "",
                "TenPhiLePhi": fee_name(item.kind),
                "SoTien": str(item.total),
            }
            for item in bill.items
        ],
    }


def signed_bill(bill: Body, secret: str) -> Body:
    """A bill as only the platform gets it; ValueError when the dossier's code holds the separator."""
    return {**bill, "MaXacThuc": authenticator(bill, BILL, secret)}
