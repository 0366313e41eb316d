"""Payments on the portal (PayPlat 1.0.6): what can be paid, and the result that comes back (pure).

Source: contract 6.1. MaXacThuc is the lower-case hex SHA-256 of fields joined by `|`, with the secret last.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

from adapters.national_portal.mapping import fee_name, read_wire_time, wire_time
from adapters.national_portal.record import Bill, Record
from hub.delivery.adapter import Report
from schemas.payment import ReportPayment

PAID: Final = "00"
FAILED: Final = "99"
_SIGNED: Final = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang",
    "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
_ANSWER_SIGNED: Final = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
_LOOKED_UP_SIGNED: Final = ("MaHoSo", "MaThamChieu", "SoTien", "MaTienTe")
_REFERENCE: Final = re.compile(r"[\x21-\x7e]{1,64}")
_KINDS: Final = {"fee": "1", "service_fee": "2", "price_level": "1"}

Body = dict[str, Any]


def authenticator(body: Body, names: tuple[str, ...], secret: str) -> str:
    """MaXacThuc over these fields, absent ones as empty text."""
    values = [str(body.get(name, "")) for name in names]
    return hashlib.sha256("|".join([*values, secret]).encode()).hexdigest()


def is_confirmation_genuine(body: Body, secret: str) -> bool:
    """Whether a result comes from who knows the secret; takes the same time for any wrong answer."""
    return _is_same(body, authenticator(body, _SIGNED, secret))


def is_lookup_genuine(body: Body, secret: str, *, is_needed: bool) -> bool:
    """Whether a look-up is; one without MaXacThuc passes unless it is needed (assumed)."""
    if "MaXacThuc" not in body:
        return not is_needed
    return _is_same(body, authenticator(body, ("MaHoSo",), secret))


def confirmation_answer(body: Body, code: str, words: str, secret: str) -> Body:
    """The answer to a result: the same for the same result, whenever it comes."""
    answer = {
        "MaLoi": code,
        "MoTaLoi": words,
        "MaDoiTac": str(body.get("MaDoiTac", "")),
        "MaThamChieu": str(body.get("MaThamChieu", "")),
        "ThoiGianGD": str(body.get("ThoiGianGD", "")),
    }
    return {**answer, "MaXacThuc": authenticator(answer, _ANSWER_SIGNED, secret)}


def amount_of(body: Body) -> int | None:
    """SoTien as whole đồng, sent as number or digits; None for anything else."""
    value = body.get("SoTien")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,11}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**11 else None


def payment_report(body: Body, dossier: str, record: Record, secret: str) -> Report:
    """The report of a result whose signature, payment and sum were checked; one id per result.

    Raises ValueError for a time that is none.
    """
    transaction = str(body.get("MaGiaoDich", ""))
    code = str(body["MaLoi"])
    at = read_wire_time(body.get("ThoiGianGD"))
    data = ReportPayment(
        payment=str(body["MaThamChieu"]),
        status="paid" if code == PAID else "refused",
        amount=amount_of(body) or 0,
        at=at,
        place="portal",
        transaction=transaction if _REFERENCE.fullmatch(transaction) else None,
        raw_code=code[:20] or None,
    )
    identity = f"dvcqg-tt-{_letters(authenticator(body, _SIGNED, secret))}"
    encoded = data.model_dump_json(exclude_none=True).encode()
    return Report(identity, ReportPayment.type, record.code or dossier, at, encoded)


def bill_of(record: Record, bill: Bill, secret: str) -> Body:
    """What the portal shows as payable; MaTraCuuTT is MaHoSo with the time of the demand (contract 6.1)."""
    code = record.wire_code or ""
    body = {
        "MaTraCuuTT": code + wire_time(bill.asked_at),
        "MaHoSo": code,
        "MaTTHC": record.procedure,
        "MaThamChieu": bill.payment,
        "SoTien": str(bill.total),
        "MaTienTe": "VND",
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
    return {**body, "MaXacThuc": authenticator(body, _LOOKED_UP_SIGNED, secret)}


def dossier_of_payment(reference: object) -> str | None:
    """The dossier (its code or id) that a payment's number names; None when it is none of this hub's."""
    match = re.fullmatch(
        r"(?P<dossier>[\x21-\x7e]{1,60})__P[0-9]{1,4}", reference if isinstance(reference, str) else ""
    )
    return match["dossier"] if match else None


def _is_same(body: Body, expected: str) -> bool:
    given = body.get("MaXacThuc")
    return hmac.compare_digest(expected.encode(), (given if isinstance(given, str) else "").encode())


def _letters(digest: str) -> str:
    """A digest without runs of digits that look like an identity number."""
    return digest[:40].translate(str.maketrans("0123456789", "ghijklmnop"))
