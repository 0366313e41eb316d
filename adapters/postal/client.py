"""The operator's calls (VNPost-NGSP, generation B), typed; one client per customer account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from adapters.postal.errors import EffectUnsureError, NoEffectError
from adapters.postal.settings import PostalAccount, PostalSettings
from adapters.postal.token import Token, Tokens
from adapters.postal.tracking import Page, parse_page
from adapters.postal.transport import Reply, Transport

_REFUSED_TOKEN: Final = 401
_NOT_ALLOWED_NOW: Final = frozenset({401, 403, 429, 503})


@dataclass(frozen=True, slots=True)
class Answer:
    """`Status` and `Message` of order/post and order/cancel."""

    status: int
    message: str


class PostalClient:
    """Calls in the name of one customer account.

    Every method raises NoEffectError or EffectUnsureError and nothing else for what the operator does. A 401
    costs one new token and one more try. Source: contract part I, 1.1 and 1.2.
    """

    def __init__(self, transport: Transport, settings: PostalSettings, account: PostalAccount) -> None:
        self.customer_code = account.customer_code
        self._transport = transport
        self._base_url = settings.base_url.rstrip("/")
        self._retry_delay_s = settings.retry_delay_s
        self._tokens = Tokens(transport, settings.token_url, account, settings.retry_delay_s)

    async def post_order(self, body: bytes) -> Answer:
        """Place an order (not idempotent by contract; OrderNumber is unique in practice)."""
        reply = await self._call("order/post", "POST", content=body)
        return _answer("order/post", reply)

    async def cancel_order(self, order: str) -> Answer:
        """Take an order back; a GET that changes state, as the operator defined it."""
        params = {"CustomerCode": self.customer_code, "OrderNumber": order}
        reply = await self._call("order/cancel", "GET", params=params)
        return _answer("order/cancel", reply)

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
    ) -> Reply:
        token = await self._tokens.current()
        reply = await self._send(operation, method, token, params, content)
        if reply.status == _REFUSED_TOKEN:
            token = await self._tokens.renewed(token)
            reply = await self._send(operation, method, token, params, content)
        if reply.status in _NOT_ALLOWED_NOW:
            delay_s = reply.retry_after_s or self._retry_delay_s
            raise NoEffectError(f"{operation}: HTTP {reply.status}", delay_s)
        if reply.status != 200:
            raise EffectUnsureError(f"{operation}: HTTP {reply.status}")
        return reply

    async def _send(
        self, operation: str, method: str, token: Token, params: dict[str, str] | None, content: bytes | None
    ) -> Reply:
        headers = {"Authorization": token.header, "Accept": "application/json", "Accept-Charset": "UTF-8"}
        if content is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        url = f"{self._base_url}/{operation}"
        return await self._transport.send(
            operation, method, url, headers=headers, params=params, content=content
        )


def _answer(operation: str, reply: Reply) -> Answer:
    try:
        document: Any = json.loads(reply.body)
        # Generation C gives the same number as text.
        return Answer(int(document["Status"]), str(document.get("Message") or ""))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise EffectUnsureError(f"{operation}: unreadable answer") from None
