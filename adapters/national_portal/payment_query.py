"""QUERY of the payment platform (PayPlat 1.0.6): what became of a payment (contract 6.1; pure)."""

from __future__ import annotations

from typing import Any, Final, Literal

from adapters.national_portal.answers import code_text
from adapters.national_portal.authenticity import QUERY, authenticator
from adapters.national_portal.mapping import wire_time
from adapters.national_portal.payment import PAID
from adapters.national_portal.record import Bill

VERSION: Final = "1.0.6"

Standing = Literal["paid", "pending", "failed", "not_known"]
_STANDINGS: Final[dict[str, Standing]] = {"1": "paid", "3": "pending", "4": "failed"}


def query_of(bill: Bill, partner: str, secret: str) -> dict[str, str]:
    """The question about one payment; ThoiGianGD is the time at which it was asked for (assumed)."""
    body = {
        "LoaiBanTin": "QUERY",
        "PhienBan": VERSION,
        "MaDoiTac": partner,
        "MaThamChieu": bill.payment,
        "ThoiGianGD": wire_time(bill.asked_at),
    }
    return {**body, "MaXacThuc": authenticator(body, QUERY, secret)}


def standing_of(answer: dict[str, Any], payment: str) -> Standing | None:
    """TrangThaiGD of an answer about this payment; None for one that is about another or cannot be read."""
    named = answer.get("MaThamChieu", payment)
    if named != payment or "MaLoi" not in answer:
        return None
    if code_text(answer["MaLoi"]) != code_text(PAID):
        return "not_known"
    return _STANDINGS.get(code_text(answer.get("TrangThaiGD")))
