"""The sandbox's orders and tracking feed: each effect is journaled, then applied; replayed at start."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from adapters.postal.sandbox_order import CANCELLED, REGISTERED, STATUS_CODES
from adapters.sandbox_kit.journal import Journal

OK: Final = 100
DUPLICATE: Final = 101
BAD_ORDER: Final = 102
FOREIGN_CUSTOMER: Final = 103
NO_SUCH_ORDER: Final = 104
ALREADY_CANCELLED: Final = 105
ALREADY_ACCEPTED: Final = 106
"""`Status` numbers: ASSUMPTIONS (100 and 101 as in generation C, the others made up)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What order/post and order/cancel answer with HTTP 200."""

    status: int
    message: str


@dataclass(slots=True)
class Order:
    """One order as the operator keeps it; `codes` are its tracked status codes so far."""

    number: str
    customer: str
    registered_ms: int
    item: str
    cash: int
    codes: list[int] = field(default_factory=list)


class Book:
    """All orders by OrderNumber and the feed of each customer code."""

    def __init__(self, journal: Journal, time_unit: Literal["s", "ms"] = "ms") -> None:
        self.orders: dict[str, Order] = {}
        self.offset_s = 0.0
        self._journal = journal
        self._time_unit = time_unit
        self._feeds: dict[str, list[dict[str, Any]]] = {}
        self._events = 0
        self._last_second = 0
        for entry in journal.recovered():
            self._apply(entry)

    def now_ms(self) -> int:
        """The sandbox's own time, which a conductor may move."""
        return int((time.time() + self.offset_s) * 1000)

    def move_clock(self, offset_s: float) -> None:
        """Set the distance to the wall clock."""
        self._record({"kind": "clock", "offset_s": offset_s})

    def place(self, customer: str, body: dict[str, Any], fault: str | None = None) -> Answer:
        """Register an order once per OrderNumber, a waybill once; `fault` is the field at fault."""
        if fault is not None:
            return Answer(BAD_ORDER, f"Dữ liệu không hợp lệ: {fault}")
        if body["CustomerCode"] != customer:
            return Answer(FOREIGN_CUSTOMER, "Mã khách hàng không đúng")
        number = body["OrderNumber"]
        if number in self.orders:
            self._record({"kind": "duplicate", "order": number, "customer": customer})
            return Answer(DUPLICATE, "Đơn hàng đã tồn tại")
        if body.get("ItemCode") in {order.item for order in self.orders.values()}:
            return Answer(BAD_ORDER, "Mã vận đơn đã được sử dụng")
        document = self._document(customer, number, REGISTERED, "Đã tiếp nhận đơn hàng")
        document["ItemCode"] = body.get("ItemCode") or document["ItemCode"]
        self._record(
            {"kind": "order", "order": number, "customer": customer, "body": body, "document": document}
        )
        return Answer(OK, "Thành công")

    def announce(self, customer: str, body: dict[str, Any], fault: str | None) -> Answer:
        """Take note of a dossier; the same OrderNumber again replaces what was announced."""
        if fault is not None:
            return Answer(BAD_ORDER, f"Dữ liệu không hợp lệ: {fault}")
        if body["CustomerCode"] != customer:
            return Answer(FOREIGN_CUSTOMER, "Mã khách hàng không đúng")
        self._record({"kind": "document", "order": body["OrderNumber"], "customer": customer, "body": body})
        return Answer(OK, "Thành công")

    def cancel(self, customer: str, number: str) -> Answer:
        """Cancel an order that was not collected yet."""
        order = self.orders.get(number)
        if order is None or order.customer != customer:
            return Answer(NO_SUCH_ORDER, "Không tìm thấy đơn hàng")
        if CANCELLED in order.codes:
            return Answer(ALREADY_CANCELLED, "Đơn hàng đã hủy trước đó")
        if any(code != REGISTERED for code in order.codes):
            return Answer(ALREADY_ACCEPTED, "Đơn hàng đã được chấp nhận, không thể hủy")
        document = self._document(customer, number, CANCELLED, "Đã hủy đơn hàng")
        self._record({"kind": "cancel", "order": number, "customer": customer, "document": document})
        return Answer(OK, "Thành công")

    def emit(self, event: dict[str, Any]) -> str | None:
        """Add an event to the feed; its id, or None when the order is not known.

        Fields: `order`; `code` or `status`; raw `event_time` (default now); `minutes`, `cod`, `item`,
        `notes`, `message`.
        """
        order = self.orders.get(str(event["order"]))
        if order is None:
            return None
        code = event["code"] if "code" in event else STATUS_CODES[event["status"]]
        document = self._document(order.customer, order.number, code, str(event.get("message", "Cập nhật")))
        document["EventTime"] = event.get("event_time", document["EventTime"])
        document["ItemCode"] = event.get("item", document["ItemCode"])
        document["Notes"] = _notes(event)
        self._record(
            {"kind": "event", "order": order.number, "customer": order.customer, "document": document}
        )
        return str(document["_id"]["$oid"])

    def page(self, customer: str, last_id: str, size: int, *, repeats_last: bool = False) -> dict[str, Any]:
        """One page of the feed after `last_id`, in the RESTHeart shape."""
        feed = self._feeds.get(customer, [])
        find = bisect_left if repeats_last else bisect_right
        start = find(feed, last_id, key=lambda document: str(document["_id"]["$oid"]))
        documents = feed[start : start + size]
        return {
            "_embedded": {"rh:doc": documents},
            "_size": len(feed),
            "_total_pages": -(-len(feed) // size),
            "_returned": len(documents),
        }

    def event_time(self, milliseconds: int) -> int:
        """A time as this operator writes it."""
        return milliseconds if self._time_unit == "ms" else milliseconds // 1000

    def _document(self, customer: str, number: str, code: int, message: str) -> dict[str, Any]:
        # An ObjectId: seconds, five bytes of the machine, a counter; here always growing.
        second = max(self.now_ms() // 1000, self._last_second)
        order = self.orders.get(number)
        return {
            "_id": {"$oid": f"{second:08x}5a9db0e0de{(self._events + 1) % 0x1000000:06x}"},
            "CustomerCode": customer,
            "OrderNumber": number,
            "EventTime": self.event_time(self.now_ms()),
            "POSID": "930000",
            "ItemCode": order.item if order is not None else f"RS{len(self.orders) + 1:09d}VN",
            "StatusCode": code,
            "StatusMessage": message,
            "Notes": None,
        }

    def _record(self, entry: dict[str, Any]) -> None:
        dated = {"at_ms": self.now_ms(), **entry}
        self._journal.append(dated)
        self._apply(dated)

    def _apply(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "clock":
            self.offset_s = float(entry["offset_s"])
        if entry["kind"] == "order":
            item, cash = entry["document"]["ItemCode"], int(entry["body"]["CODAmount"] or 0)
            self.orders[entry["order"]] = Order(entry["order"], entry["customer"], entry["at_ms"], item, cash)
        document = entry.get("document")
        if document is None:
            return
        self._events += 1
        self._last_second = int(document["_id"]["$oid"][:8], 16)
        self._feeds.setdefault(entry["customer"], []).append(document)
        self.orders[entry["order"]].codes.append(document["StatusCode"])


def _notes(event: dict[str, Any]) -> str | None:
    """ASSUMPTION: the minutes' number and the cash stand in Notes as `BBGN:<number>` and `COD:<sum>`."""
    parts = [str(event["notes"])] if event.get("notes") else []
    if event.get("minutes"):
        parts.append(f"BBGN:{event['minutes']}")
    if event.get("cod") is not None:
        parts.append(f"COD:{event['cod']}")
    return "; ".join(parts) or None
