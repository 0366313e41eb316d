"""Builders of requests about the post; every person here is synthetic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.paper import HandOverPaper, ReceivePaper
from schemas.party import Custodian, PostalParty
from schemas.pickup import OrderPickup, ReportPickup

ONE_STOP = "H07.34.12"


def postal_party(province: int = 93, district: int = 9301) -> PostalParty:
    return PostalParty(
        name="Nguyễn Thị Mẫu",
        phone="+84900000001",
        address="Số 1 đường Giả Lập, Bến Tre",
        province=province,
        district=district,
    )


def pickup(direction: str = "collect", **changes: Any) -> OrderPickup:
    values: dict[str, Any] = {
        "direction": direction,
        "sender": postal_party(),
        "receiver": postal_party(district=9302),
        "organisation": ONE_STOP,
        "contents": ("Tờ khai",),
    }
    return OrderPickup(**{**values, **changes})


def postal_report(order: str, status: str, moment: datetime, **changes: Any) -> ReportPickup:
    values: dict[str, Any] = {"order": order, "status": status, "at": moment, **changes}
    return ReportPickup(**values)


def custodian(holder: str) -> Custodian:
    """A holder by organisation code, `post` or `applicant`."""
    if holder in {"post", "applicant"}:
        values: dict[str, Any] = {"kind": holder, "name": "Phạm Văn Bưu Tá"}
        return Custodian(**values)
    return Custodian(kind="organisation", organisation=holder, name="Lê Thị Thí Dụ")


def hand_over(giver: str, receiver: str, *codes: str) -> HandOverPaper:
    return HandOverPaper(giver=custodian(giver), receiver=custodian(receiver), papers=codes)


def paper_receipt(giver: str, receiver: str, *codes: str) -> ReceivePaper:
    return ReceivePaper(giver=custodian(giver), receiver=custodian(receiver), papers=codes)
