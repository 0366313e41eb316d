"""What the sandbox takes as an order, and its status codes; written from the contract alone."""

from __future__ import annotations

import re
from typing import Any, Final

REGISTERED: Final = 1
CANCELLED: Final = 12
STATUS_CODES: Final[dict[str, int]] = {
    "registered": REGISTERED,
    "collected": 2,
    "handed_over": 3,
    "delivered": 4,
    "in_transit": 5,
    "delivery_failed": 6,
    "returned": 7,
    "lost": 8,
    "damaged": 9,
    "cod_collected": 10,
    "cod_remitted": 11,
    "cancelled": CANCELLED,
}
"""ASSUMPTION: only 4 = delivered is known of the real operator."""

_PROVINCES: Final = frozenset(
    {10, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 38, 39, 40, 41, 42, 43, 44}
    | {46, 48, 51, 52, 53, 55, 56, 57, 58, 59, 60, 62, 63, 64, 65, 66, 67, 70, 79, 80, 81, 82, 83, 84, 85}
    | {86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97}
)
_REQUIRED: Final = (
    "CustomerCode", "OrderNumber", "SenderAddress", "SenderName", "SenderTel", "ReceiverName",
    "ReceiverAddress", "ReceiverTel",
)  # fmt: skip
_OPTIONAL: Final = ("SenderEmail", "SenderDesc", "Description", "ReceiverEmail")
_NUMBERS: Final = (
    "CODAmount",
    "SenderProvince",
    "SenderDistrict",
    "ReceiverProvince",
    "ReceiverDistrict",
)
_FIELDS: Final = frozenset({*_REQUIRED, *_OPTIONAL, *_NUMBERS})
# ASSUMPTION: the operator wants 10 to 12 digits; the contract says only "required".
_PHONE: Final = re.compile(r"^\+?\d{10,12}$")


_LGSP_FIELDS: Final = ("ItemCode", "FlagConfig")
_DOCUMENT_FIELDS: Final = (
    "CustomerCode", "OrderNumber", "Procedure", "IsSendDocument", "DocumentSender", "IsReceiveResult",
    "ResultReceiver", "State",
)  # fmt: skip
_END_FIELDS: Final = frozenset(
    {"Name", "Phone", "ProvinceCode", "ProvinceTitle", "DistrictCode", "DistrictTitle", "Address", "Email"}
)


def fault_in_lgsp_order(body: dict[str, Any], *, has_waybill: bool) -> str | None:
    """The first field at fault in an order of generation C: whole sums, FlagConfig, waybill by endpoint."""
    if has_waybill and not (isinstance(body.get("ItemCode"), str) and body["ItemCode"]):
        return "ItemCode"
    if not has_waybill and "ItemCode" in body:
        return "ItemCode"
    if body.get("FlagConfig", 0) not in {1, 2, None}:
        return "FlagConfig"
    if body.get("CODAmount") is not None and type(body["CODAmount"]) is not int:
        return "CODAmount"
    return fault_in_order({name: value for name, value in body.items() if name not in _LGSP_FIELDS})


def fault_in_document(body: dict[str, Any]) -> str | None:
    """The first field at fault of document/post; each leg that is announced names its end."""
    if list(body) != list(_DOCUMENT_FIELDS):
        return "fields"
    if set(body["Procedure"] or {}) != {"Code", "Title", "Category", "Elements"}:
        return "Procedure"
    for flag, end in (("IsSendDocument", "DocumentSender"), ("IsReceiveResult", "ResultReceiver")):
        if type(body[flag]) is not bool or body[flag] != (body[end] is not None):
            return flag
        if body[end] is not None and (
            set(body[end]) != _END_FIELDS or body[end]["ProvinceCode"] not in _PROVINCES
        ):
            return end
    return None if type(body["State"]) is int else "State"


def price_of(question: dict[str, Any]) -> int | None:
    """An invented tariff: 20,000 đồng in a province, 32,000 beyond, 1,000 per 100 g; None if malformed."""
    try:
        ends = [(question[end]["provCode"], question[end]["distCode"]) for end in ("sender", "receiver")]
        weight = question["weight"]
    except (KeyError, TypeError):
        return None
    if question.get("mainSrv") != "HCC" or question.get("isreturn") != 1 or type(weight) is not int:
        return None
    if any(province not in _PROVINCES or type(district) is not int for province, district in ends):
        return None
    return (20_000 if ends[0][0] == ends[1][0] else 32_000) + 1_000 * -(-weight // 100)


def fault_in_order(body: dict[str, Any]) -> str | None:
    """The first field at fault, or None; all seventeen must be there, absent values as null."""
    odd = sorted(_FIELDS.symmetric_difference(body))
    if odd:
        return odd[0]
    checks = (
        *((name, isinstance(body[name], str) and bool(body[name])) for name in _REQUIRED),
        *((name, body[name] is None or isinstance(body[name], str)) for name in _OPTIONAL),
        ("CODAmount", body["CODAmount"] is None or _is_number(body["CODAmount"])),
        *((f"{end}Province", body[f"{end}Province"] in _PROVINCES) for end in ("Sender", "Receiver")),
        *((f"{end}District", type(body[f"{end}District"]) is int) for end in ("Sender", "Receiver")),
        *((f"{end}Tel", bool(_PHONE.match(str(body[f"{end}Tel"])))) for end in ("Sender", "Receiver")),
    )
    return next((name for name, is_good in checks if not is_good), None)


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and value >= 0
