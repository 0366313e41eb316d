"""Orders to the postal operator, generation B: one JSON call each, with a token fetched once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from adapters.postal.mapping import encode_order
from bench.deliveries_kind import Call, Numbers, message
from hub.delivery.adapter import OutMessage
from schemas.pickup import PickupOrdered, ReportPickup

_PATH: Final = "/apiVNPostNGSP/p1.0"
_ORGANISATION: Final = "000.12.34.H07"
_KEY, _SECRET, _CUSTOMER = "khoa-thu", "bi-mat-thu", "THU01"
_APPLICANT: Final = {
    "name": "Nguyễn Thị Thử",
    "phone": "0900000001",
    "address": "Số 12 đường Giả Định, Phường Mẫu",
    "province": 93,
}
_ONE_STOP: Final = {
    "name": "Bộ phận Một cửa Mẫu",
    "phone": "02750000001",
    "address": "Số 1 đường Mẫu, Phường Mẫu",
    "province": 93,
}


class PostalKind:
    """Fills `Kind`; sender and receiver are synthetic."""

    name = "postal"
    title = "postal operator (generation B)"
    sandbox = "adapters.postal.sandbox"
    calls_per_delivery = 1

    def sandbox_options(self, folder: Path) -> list[str]:  # noqa: ARG002  no files
        """One customer."""
        return ["--account", f"{_KEY}:{_SECRET}:{_CUSTOMER}"]

    def settings(self, base: str, folder: Path) -> dict[str, str]:  # noqa: ARG002  no files
        """The customer's account."""
        return {
            "HUB_POSTAL_TOKEN_URL": f"{base}/token",
            "HUB_POSTAL_BASE_URL": base + _PATH,
            "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": _CUSTOMER,
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": _KEY,
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": _SECRET,
        }

    def earlier(self, numbers: Numbers) -> list[OutMessage]:  # noqa: ARG002  nothing is needed before
        """Nothing."""
        return []

    def messages(self, numbers: Numbers) -> list[OutMessage]:
        """One order a dossier."""
        return [
            message(PickupOrdered.type, f"m-{_order(number)}", _subject(number), 1, _fact(number))
            for number in numbers
        ]

    def effects(self, numbers: Numbers) -> Counter[str]:
        """Each order registered once."""
        return Counter(f"order {_order(number)}" for number in numbers)

    def journaled(self, entry: Mapping[str, Any]) -> str:
        """`order NUMBER`, `duplicate NUMBER`."""
        return f"{entry['kind']} {entry.get('order')}"

    def reports(self, numbers: Numbers) -> Counter[str]:
        """Registered, once an order."""
        return Counter(f"{ReportPickup.type} {_subject(number)} registered" for number in numbers)

    def reported(self, kind: str, subject: str, data: Mapping[str, Any]) -> str:
        """`TYPE SUBJECT STATUS`."""
        return f"{kind} {subject} {data.get('status') or data.get('outcome')}"

    async def calls(self, http: httpx.AsyncClient, base: str, numbers: Numbers) -> list[list[Call]]:
        """The bytes of the adapter's own mapping, under one token."""
        given = await http.post(
            f"{base}/token", data={"grant_type": "client_credentials"}, auth=(_KEY, _SECRET)
        )
        headers = {
            "Accept": "application/json",
            "Accept-Charset": "UTF-8",
            "Authorization": f"Bearer {given.raise_for_status().json()['access_token']}",
            "Content-Type": "application/json; charset=UTF-8",
        }
        url, expected = f"{base}{_PATH}/order/post", (b'"Status":100,', b'"Status": 100,')
        facts = (PickupOrdered.model_validate_json(one.data) for one in self.messages(numbers))
        return [[Call(url, headers, encode_order(fact, _CUSTOMER), expected)] for fact in facts]


def _subject(number: int) -> str:
    return f"{_ORGANISATION}-260302-{number:07}"


def _order(number: int) -> str:
    return f"{_subject(number)}__C1"


def _fact(number: int) -> dict[str, Any]:
    return {
        "order": _order(number),
        "direction": "collect",
        "sender": _APPLICANT,
        "receiver": _ONE_STOP,
        "organisation": _ORGANISATION,
        "contents": ["Đơn đề nghị (bản chính)", "Giấy khai sinh (bản sao)"],
    }
