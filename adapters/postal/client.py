"""The operator's calls (VNPost-NGSP, generations B and C), typed; one client per customer account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from adapters.postal.json_values import read_json, whole
from adapters.postal.settings import PostalAccount, PostalSettings
from adapters.postal.token import tokens_of
from adapters.postal.tracking import Page, parse_page
from hub.delivery.errors import EffectUnsureError
from hub.delivery.http import CallLimits, HttpCaller, Reply
from hub.delivery.login import Token

MAX_BODY_BYTES: Final = 16 << 20
_MAX_PRICE: Final = 10_000_000_000
_SERVICES: Final = {
    "order/post": "orderpost",
    "order/cancel": "ordercancel",
    "order/tracking": "ordertracking",
    "document/post": "document",
    "getprice": "getprice",
}
"""What an LGSP calls the operations (contract part I, 1.1)."""
_NOT_ALLOWED_NOW: Final = frozenset({401, 403, 429, 503})


def http_of(settings: PostalSettings) -> HttpCaller:
    """The connections to the operator, for all accounts."""
    limits = CallLimits(
        settings.total_timeout_s,
        settings.connect_timeout_s,
        settings.retry_delay_s,
        MAX_BODY_BYTES,
        settings.max_connections,
    )
    return HttpCaller(limits, settings.ca_file)


@dataclass(frozen=True, slots=True)
class Answer:
    """`Status` and `Message` of order/post, order/cancel and document/post."""

    status: int
    message: str


class PostalClient:
    """Calls in the name of one customer account.

    Every method raises NoEffectError or EffectUnsureError and nothing else for what the operator does. A 401
    costs one new token and one more try. Source: contract part I, 1.1, 1.2 and 2.
    """

    def __init__(self, http: HttpCaller, settings: PostalSettings, account: PostalAccount) -> None:
        self.account = account
        self._http = http
        self._base_url = (account.base_url or settings.base_url).rstrip("/")
        self._retry_delay_s = settings.retry_delay_s
        token_url = account.token_url or settings.token_url
        self._tokens = tokens_of(http, token_url, account, settings.retry_delay_s)

    async def post_order(self, body: bytes, *, has_waybill: bool = False) -> Answer:
        """Place an order (not idempotent by contract; OrderNumber is unique in practice)."""
        own = self.account.waybill_orders_url if has_waybill else self.account.orders_url
        url = own if self.account.dialect == "C" else None
        reply = await self._call("order/post", "POST", content=body, url=url)
        return _answer("order/post", reply)

    async def cancel_order(self, order: str) -> Answer:
        """Take an order back; a GET that changes state, as the operator defined it (generation B only)."""
        params = {"CustomerCode": self.account.customer_code, "OrderNumber": order}
        reply = await self._call("order/cancel", "GET", params=params)
        return _answer("order/cancel", reply)

    async def post_document(self, body: bytes) -> Answer:
        """Announce a dossier with its legs; the same OrderNumber again is taken for the same announcement."""
        reply = await self._call("document/post", "POST", content=body)
        return _answer("document/post", reply)

    async def ask_price(self, body: bytes) -> int:
        """The price of a way in đồng; changes nothing."""
        reply = await self._call("getprice", "POST", content=body)
        try:
            price = whole(read_json(reply.body)["content"]["price"])
        except (ValueError, TypeError, KeyError):
            price = None
        if price is None or not 0 <= price <= _MAX_PRICE:
            raise EffectUnsureError("getprice: unreadable answer")
        return price

    async def read_tracking(self, last_id: str, page_size: int) -> Page:
        """The records after `last_id` of the whole account, oldest first; changes nothing."""
        params = {"pagesize": str(page_size), "lastId": last_id}
        reply = await self._call("order/tracking", "GET", params=params)
        try:
            return parse_page(reply.body)
        except ValueError:
            raise EffectUnsureError("order/tracking: unreadable answer") from None

    async def _call(
        self,
        operation: str,
        method: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        url: str | None = None,
    ) -> Reply:
        if url is None and self.account.addressing == "query":
            url, params = self._base_url, {"service": _SERVICES[operation], **(params or {})}
        elif url is None:
            is_below = self.account.addressing == "path"
            url = f"{self._base_url}/{operation}" if is_below else self._base_url
        reply = await self._tokens.call(partial(self._send, operation, method, url, params, content))
        reply.must_be_ok(_NOT_ALLOWED_NOW, self._retry_delay_s)
        return reply

    async def _send(
        self,
        operation: str,
        method: str,
        url: str,
        params: dict[str, str] | None,
        content: bytes | None,
        token: Token,
    ) -> Reply:
        headers = {"Accept": "application/json", "Accept-Charset": "UTF-8"}
        if self.account.dialect == "C":
            headers["access_token"] = token.value
        else:
            headers["Authorization"] = token.authorization
        if self.account.addressing == "header":
            headers["service-code"] = _SERVICES[operation]
        if content is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        return await self._http.send(operation, method, url, headers=headers, params=params, content=content)


def _answer(operation: str, reply: Reply) -> Answer:
    try:
        document = read_json(reply.body)
        status, message = document["Status"], document.get("Message")
    except (ValueError, TypeError, KeyError):
        raise EffectUnsureError(f"{operation}: unreadable answer") from None
    # Generation C gives the same number as text.
    number = whole(status)
    if number is None:
        raise EffectUnsureError(f"{operation}: unreadable answer")
    return Answer(number, str(message or ""))
