"""The operator's bodies beyond the order of generation B: pure (contract part I, 1.2, 1.5 and 2)."""

from __future__ import annotations

import json
from typing import Any, Final

from adapters.postal.mapping import order_body
from adapters.postal.settings import PostalAccount
from schemas.party import PostalParty
from schemas.pickup import PickupOrdered

NEW_DOCUMENT: Final = 0
"""ASSUMPTION: State of a dossier that is announced for the first time; its values are in no source."""


def encode_lgsp_order(fact: PickupOrdered, account: PostalAccount, waybill: str | None) -> bytes:
    """The bytes of an order of generation C: the fields of B, a whole sum, FlagConfig, perhaps a waybill."""
    body = order_body(fact, account.customer_code)
    body["CODAmount"] = fact.cash_on_delivery or None
    if waybill is not None:
        body["ItemCode"] = waybill
    body["FlagConfig"] = account.flag_config.get(fact.direction)
    return _json(body)


def encode_document(fact: PickupOrdered, customer_code: str) -> bytes:
    """The bytes of document/post: the dossier with the leg that is ordered, and the other one if it is known.

    A collection announces who sends; with a result by post the same person receives. A delivery announces
    who receives.
    """
    is_sent = fact.direction != "deliver"
    is_returned = fact.direction == "deliver" or bool(fact.returns_by_post)
    receiver = fact.receiver if fact.direction == "deliver" else fact.sender
    return _json(
        {
            "CustomerCode": customer_code,
            "OrderNumber": fact.order,
            "Procedure": {
                "Code": fact.procedure,
                "Title": fact.procedure_title,
                "Category": None,
                "Elements": "; ".join(fact.contents),
            },
            "IsSendDocument": is_sent,
            "DocumentSender": _end(fact.sender) if is_sent else None,
            "IsReceiveResult": is_returned,
            "ResultReceiver": _end(receiver) if is_returned else None,
            "State": NEW_DOCUMENT,
        }
    )


def encode_price_question(fact: PickupOrdered, weight_g: int) -> bytes:
    """The bytes of getprice for the way of an order; `HCC` is the operator's service for public dossiers."""
    ends = {
        name: {"provCode": party.province, "distCode": party.district}
        for name, party in (("sender", fact.sender), ("receiver", fact.receiver))
    }
    return _json({"weight": weight_g, "mainSrv": "HCC", "isreturn": 1, **ends})


def _end(party: PostalParty) -> dict[str, Any]:
    """Titles of province and district are left to the operator's own lists."""
    return {
        "Name": party.name,
        "Phone": party.phone,
        "ProvinceCode": party.province,
        "ProvinceTitle": None,
        "DistrictCode": party.district,
        "DistrictTitle": None,
        "Address": party.address,
        "Email": party.email,
    }


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
