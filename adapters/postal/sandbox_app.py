"""The sandbox's HTTP side: the operator's operations, and `/_…` for whoever directs it."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.postal.sandbox_book import Answer, Book
from adapters.postal.sandbox_faults import FAULTS
from adapters.postal.sandbox_order import fault_in_document, fault_in_lgsp_order, fault_in_order, price_of
from adapters.postal.sandbox_replies import reply
from adapters.sandbox_kit.faults import Fault, Faults
from adapters.sandbox_kit.replies import object_in

BASE_PATH: Final = "/apiVNPostNGSP/p1.0"
LGSP_PATH: Final = "/lgsp/vnpost/orders"
WAYBILL_PATH: Final = "/with-item-code"
"""ASSUMPTION: where an LGSP takes orders; the addresses are in no source."""


class Sandbox:
    """A stand-in of VNPost-NGSP for some customer accounts, given as (key, secret, customer code)."""

    def __init__(self, book: Book, accounts: list[tuple[str, str, str]], token_life_s: float) -> None:
        self.book = book
        self.faults = Faults(FAULTS)
        self.token_requests = 0
        self._customers = {
            "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode(): customer
            for key, secret, customer in accounts
        }
        self._token_life_s = token_life_s
        self._tokens: dict[str, tuple[str, float]] = {}

    async def token(self, request: Request) -> Response:
        """POST /token: OAuth2 client credentials."""
        self.token_requests += 1
        fault = self.faults.take("token", None)
        form = (await request.body()).decode()
        customer = self._customers.get(request.headers.get("Authorization", ""))
        if customer is None or form != "grant_type=client_credentials":
            return JSONResponse({"error": "invalid_client"}, 401)
        token = secrets.token_hex(16)
        self._tokens[token] = (customer, time.monotonic() + self._token_life_s)
        return reply(
            fault, {"access_token": token, "token_type": "Bearer", "expires_in": int(self._token_life_s)}
        )

    async def post_order(self, request: Request) -> Response:
        """POST order/post."""
        body = object_in(await request.body())
        if body is None:
            return Response(status_code=400)
        fault = fault_in_order(body)
        return self._act(
            request,
            "order/post",
            str(body.get("OrderNumber")),
            lambda customer: _shown(self.book.place(customer, body, fault)),
        )

    async def post_lgsp_order(self, request: Request) -> Response:
        """POST of generation C: with the header `access_token`, and Status as text."""
        body = object_in(await request.body())
        if body is None:
            return Response(status_code=400)
        fault = fault_in_lgsp_order(body, has_waybill=request.url.path.endswith(WAYBILL_PATH))

        def place(customer: str) -> dict[str, Any]:
            answer = self.book.place(customer, body, fault)
            return {"Status": str(answer.status), "Message": answer.message}

        return self._act(request, "order/post", str(body.get("OrderNumber")), place)

    async def post_document(self, request: Request) -> Response:
        """POST document/post."""
        body = object_in(await request.body())
        if body is None:
            return Response(status_code=400)
        fault = fault_in_document(body)
        return self._act(
            request,
            "document/post",
            str(body.get("OrderNumber")),
            lambda customer: _shown(self.book.announce(customer, body, fault)),
        )

    async def tell_price(self, request: Request) -> Response:
        """POST getprice."""
        price = price_of(object_in(await request.body()) or {})
        if price is None:
            return Response(status_code=400)
        return self._act(request, "getprice", None, lambda _customer: {"content": {"price": price}})

    async def cancel_order(self, request: Request) -> Response:
        """GET order/cancel?CustomerCode=&OrderNumber=."""
        order, code = request.query_params.get("OrderNumber", ""), request.query_params.get("CustomerCode")

        def cancel(customer: str) -> dict[str, Any]:
            answer = Answer(103, "Mã khách hàng không đúng") if code != customer else None
            return _shown(answer or self.book.cancel(customer, order))

        return self._act(request, "order/cancel", order, cancel)

    async def read_tracking(self, request: Request) -> Response:
        """GET order/tracking?pagesize=&lastId=."""
        last_id = request.query_params.get("lastId", "")
        size = request.query_params.get("pagesize", "")
        if not size.isdigit() or not 1 <= int(size) <= 1000 or len(last_id) != 24:
            return Response(status_code=400)
        return self._act(
            request,
            "order/tracking",
            None,
            lambda customer: self.book.page(customer, last_id, int(size)),
            lambda customer: self.book.page(customer, last_id, int(size), repeats_last=True),
        )

    async def serve_by_name(self, request: Request) -> Response:
        """One address for all, as an LGSP has it: the operation stands in `?service=` or `service-code`."""
        name = request.query_params.get("service") or request.headers.get("service-code")
        services = {
            "orderpost": ("POST", self.post_order),
            "ordercancel": ("GET", self.cancel_order),
            "ordertracking": ("GET", self.read_tracking),
            "document": ("POST", self.post_document),
            "getprice": ("POST", self.tell_price),
        }
        method, serve = services.get(name or "", (None, None))
        if serve is None or method != request.method:
            return Response(status_code=404)
        return await serve(request)

    def _act(
        self,
        request: Request,
        operation: str,
        order: str | None,
        effect: Callable[[str], dict[str, Any]],
        repeated: Callable[[str], dict[str, Any]] | None = None,
    ) -> Response:
        customer = self._customer_of(request)
        fault = self.faults.take(operation, order) if customer is not None else None
        if fault is not None and fault.kind == "expired_token":
            self._tokens.clear()
        if customer is None or (fault is not None and fault.kind == "expired_token"):
            return JSONResponse({"fault": {"code": 900901, "message": "Invalid Credentials"}}, 401)
        return reply(fault, _document(customer, fault, effect, repeated))

    def _customer_of(self, request: Request) -> str | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        is_tracking = request.url.path == f"{BASE_PATH}/order/tracking"
        if request.url.path.startswith(LGSP_PATH) or (is_tracking and "access_token" in request.headers):
            kind, token = "Bearer", request.headers.get("access_token", "")
        customer, expires = self._tokens.get(token, ("", 0.0))
        return customer if kind == "Bearer" and time.monotonic() < expires else None

    async def health(self, _request: Request) -> Response:
        """GET /_health."""
        return JSONResponse(
            {"ok": True, "orders": len(self.book.orders), "token_requests": self.token_requests}
        )

    async def add_events(self, request: Request) -> Response:
        """POST /_events: one event or a list, in this order; 404 when an order is not known."""
        ids: list[str] = []
        for event in _listed(await request.json()):
            try:
                identity = self.book.emit(event)
            except KeyError as error:
                return JSONResponse({"error": f"no such field or status: {error}"}, 400)
            if identity is None:
                return JSONResponse({"error": "no such order", "added": ids}, 404)
            ids.append(identity)
        return JSONResponse({"added": ids})

    async def move_clock(self, request: Request) -> Response:
        """POST /_clock {"offset_s": …}: distance of the operator's time to the wall clock."""
        self.book.move_clock(float((await request.json())["offset_s"]))
        return JSONResponse({"now_ms": self.book.now_ms()})

    def app(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route(f"{BASE_PATH}/order/post", self.post_order, methods=["POST"]),
                Route(f"{BASE_PATH}/order/cancel", self.cancel_order, methods=["GET"]),
                Route(f"{BASE_PATH}/order/tracking", self.read_tracking, methods=["GET"]),
                Route(f"{BASE_PATH}/document/post", self.post_document, methods=["POST"]),
                Route(f"{BASE_PATH}/getprice", self.tell_price, methods=["POST"]),
                Route(BASE_PATH, self.serve_by_name, methods=["GET", "POST"]),
                Route(LGSP_PATH, self.post_lgsp_order, methods=["POST"]),
                Route(LGSP_PATH + WAYBILL_PATH, self.post_lgsp_order, methods=["POST"]),
                Route("/_health", self.health, methods=["GET"]),
                self.faults.route(),
                Route("/_events", self.add_events, methods=["POST"]),
                Route("/_clock", self.move_clock, methods=["POST"]),
            ]
        )


def _document(
    customer: str,
    fault: Fault | None,
    effect: Callable[[str], dict[str, Any]],
    repeated: Callable[[str], dict[str, Any]] | None,
) -> dict[str, Any] | None:
    if fault is not None and fault.kind == "repeat_page" and repeated is not None:
        return repeated(customer)
    return effect(customer) if fault is None or fault.has_effect else None


def _shown(answer: Answer) -> dict[str, Any]:
    return {"Status": answer.status, "Message": answer.message}


def _listed(document: Any) -> list[dict[str, Any]]:
    return document if isinstance(document, list) else [document]
