"""Between the hub's postal facts and the operator's JSON; pure (contract part I, 1.3)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from hub.delivery.masking import masked
from schemas.party import PostalParty
from schemas.pickup import PickupOrdered

_ORDER: Final = re.compile(r"(?P<subject>[\x21-\x7e]{1,58})__[CDB]\d{1,4}")


def subject_of(order: str) -> str | None:
    """The dossier (its code or id) that an order number names; None when the order is not one of this hub's.

    An order number is `<dossier>__<direction><n>`: C collects from the applicant, D delivers the result, B
    goes between agencies. The direction keeps the orders of one dossier apart (contract part I, 1.3).
    """
    match = _ORDER.fullmatch(order)
    return match["subject"] if match else None


def order_body(fact: PickupOrdered, customer_code: str) -> dict[str, Any]:
    """The body of order/post with all seventeen fields in the contract's order; absent ones are null.

    The direction is expressed by who is sender and who is receiver, nothing else.
    """
    sender, receiver = fact.sender, fact.receiver
    return {
        "CustomerCode": customer_code,
        "OrderNumber": fact.order,
        "CODAmount": float(fact.cash_on_delivery) if fact.cash_on_delivery else None,
        "SenderProvince": sender.province,
        "SenderDistrict": sender.district,
        "SenderAddress": sender.address,
        "SenderName": sender.name,
        "SenderTel": sender.phone,
        "SenderEmail": sender.email,
        "SenderDesc": "; ".join(fact.contents),
        "Description": fact.note,
        "ReceiverName": receiver.name,
        "ReceiverAddress": receiver.address,
        "ReceiverTel": receiver.phone,
        "ReceiverProvince": receiver.province,
        "ReceiverDistrict": receiver.district,
        "ReceiverEmail": receiver.email,
    }


def encode_order(fact: PickupOrdered, customer_code: str) -> bytes:
    """The bytes of order/post: compact UTF-8 JSON; the same fact gives the same bytes for ever."""
    body = order_body(fact, customer_code)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def mask_message(message: str, parties: tuple[PostalParty, ...] = ()) -> str:
    """The operator's words without the parties' data and without long numbers: reasons are not sealed."""
    return masked(
        message,
        (value for party in parties for value in (party.name, party.address, party.email, party.phone)),
    )
