"""Where the portal calls us: look-up, lodging, payments, files; every yes follows what was stored."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.national_portal import payment
from adapters.national_portal.downloads import DocumentReader, file_response
from adapters.national_portal.errors import PortalError
from adapters.national_portal.links import PATH, Links
from adapters.national_portal.lodging import SERVICE, Lodging, LodgingError, read_lodging
from adapters.national_portal.mapping import Words, search_item
from adapters.national_portal.procedures import Procedure, Procedures
from adapters.national_portal.record import Record
from adapters.national_portal.settings import PaymentSettings, PortalSettings
from adapters.national_portal.tables import Tables, store_lodging
from adapters.national_portal.texts import DoorKey, door_text
from hub.delivery.database import StoreAwayError
from hub.delivery.desk import Connection, Desk
from hub.delivery.documents import FilesAwayError

_log = logging.getLogger(__name__)
_MAX_CODE = 100

Body = dict[str, Any]


class Door:
    """The calls of the portal, each answered with HTTP 200 and a code of the service."""

    def __init__(
        self,
        settings: PortalSettings,
        desk: Desk,
        tables: Tables,
        procedures: Procedures,
        words: Words,
        links: Links | None,
        reader: DocumentReader | None,
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._tables = tables
        self._procedures = procedures
        self._words = words
        self._links = links
        self._reader = reader
        self._hub_codes = {there: here for here, there in settings.procedure_codes.items()}

    def app(self) -> Starlette:
        """The routes, under each prefix."""
        calls: dict[str, Callable[[Body], Awaitable[Body]]] = {
            "/search/call": self._search,
            "/nhanhsdvcqg": self._lodge,
            "/dpnhankqthanhtoanhs": self._confirm_payment,
            "/dptracuuthanhtoanhs": self._look_up_payment,
        }
        prefixes = dict.fromkeys(prefix.rstrip("/") for prefix in self._settings.door.prefixes)
        routes = [
            Route(prefix + path, self._answered(path, answer), methods=["POST"])
            for prefix in prefixes
            for path, answer in calls.items()
        ]
        files = [Route(prefix + PATH + "/{token}", self._download, methods=["GET"]) for prefix in prefixes]
        return Starlette(routes=[*routes, *files])

    def _answered(
        self, path: str, answer: Callable[[Body], Awaitable[Body]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            if not self._may_call(request):
                return Response(status_code=403)
            try:
                body = await self._body(request)
            except ValueError:
                return JSONResponse(_error("bad_request"))
            except (TimeoutError, ClientDisconnect):
                return Response(status_code=408)
            if body is None:
                return Response(status_code=413)
            try:
                return JSONResponse(await answer(body))
            except (StoreAwayError, PortalError) as error:
                _log.warning("not answered", extra={"action": "portal.door_away", "reason": str(error)})
                return JSONResponse(self._away(path, body))

        return respond

    def _may_call(self, request: Request) -> bool:
        try:
            address = ip_address(request.client.host if request.client is not None else "")
        except ValueError:
            return False
        return any(address in network for network in self._settings.door.networks)

    async def _body(self, request: Request) -> Body | None:
        """The JSON object; None when it is too large. Raises ValueError, TimeoutError, ClientDisconnect."""
        raw = bytearray()
        async with asyncio.timeout(self._settings.door.body_timeout_s):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > self._settings.door.max_body_bytes:
                    return None
        try:
            body = json.loads(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(body, dict):
            raise ValueError("no object")  # noqa: TRY004  (one kind of error for one answer)
        return body

    def _away(self, path: str, body: Body) -> Body:
        if path == "/dpnhankqthanhtoanhs" and self._settings.payment is not None:
            return _payment_answer(body, "unavailable", self._settings.payment)
        return _error("unavailable")

    async def _search(self, body: Body) -> Body:
        """search/call: what the portal may show of one dossier, a bare object."""
        found = await self._find(body.get("masohoso"))
        if found is None or found[1].wire_code is None:
            return _error("unknown_dossier")
        record = found[1]
        procedure = await self._procedures.find(self._words.procedure(record.procedure))
        return search_item(record, procedure or Procedure("", "", ""), self._words)

    async def _lodge(self, body: Body) -> Body:
        """NopHoSo (assumed): 0 once the request to the hub is stored, 1 for the code of another dossier."""
        if body.get("service") != SERVICE:
            return _error("unknown_service")
        try:
            lodging = read_lodging(
                body.get("data"), self._settings.one_stop, self._hub_codes, self._desk.now()
            )
        except LodgingError as error:
            return _error("bad_field", field=error.field)
        if await self._desk.accept(lodging.report, lambda connection: _note(connection, lodging)):
            _log.info("lodged", extra={"action": "portal.lodged", "report_id": lodging.report.id})
        if await self._tables.lodged(lodging.report.id) != lodging.digest:
            return _error("duplicate", code="1")
        return {"error_code": "0", "message": door_text("ok")}

    async def _confirm_payment(self, body: Body) -> Body:
        """dpnhankqthanhtoanhs: `00` once the report to the hub is stored; the same for a repeat."""
        shared = self._settings.payment
        if shared is None:
            return _error("unknown_service")
        secret = shared.secret.get_secret_value()
        if body.get("MaDoiTac") != shared.partner or not payment.is_confirmation_genuine(body, secret):
            return _payment_answer(body, "bad_signature", shared)
        named = payment.dossier_of_payment(body.get("MaThamChieu"))
        found = await self._tables.find(named) if named is not None else None
        bill = next(
            (bill for bill in (found[1].bills if found else ()) if bill.payment == body["MaThamChieu"]), None
        )
        if found is None or bill is None:
            return _payment_answer(body, "unknown_payment", shared)
        amount = payment.amount_of(body)
        if amount is None or (body.get("MaLoi") == payment.PAID and amount != bill.total):
            return _payment_answer(body, "wrong_amount", shared)
        try:
            report = payment.payment_report(body, found[0], found[1], secret)
        except ValueError:
            return _payment_answer(body, "bad_request", shared)
        if await self._desk.accept(report):
            _log.info("payment", extra={"action": "portal.payment", "report_id": report.id})
        return _payment_answer(body, "ok", shared)

    async def _look_up_payment(self, body: Body) -> Body:
        """dptracuuthanhtoanhs: 1 with the open bill, 0 without one."""
        shared = self._settings.payment
        if shared is None:
            return _error("unknown_service")
        secret = shared.secret.get_secret_value()
        if not payment.is_lookup_genuine(body, secret, is_needed=shared.is_lookup_signed):
            return _error("bad_signature")
        found = await self._find(body.get("MaHoSo"))
        if found is None:
            return _error("unknown_dossier")
        bill = found[1].open_bill
        if bill is None:
            return {"error_code": "0", "message": {}}
        return {"error_code": "1", "message": payment.bill_of(found[1], bill, secret)}

    async def _find(self, code: object) -> tuple[str, Record] | None:
        is_code = isinstance(code, str) and 0 < len(code) <= _MAX_CODE and "\0" not in code
        return await self._tables.find(str(code)) if is_code else None

    async def _download(self, request: Request) -> Response:
        """A file by its link; every wrong link looks the same."""
        now: datetime = self._desk.parts.clock()
        digest = self._links.check(request.path_params["token"], now) if self._links is not None else None
        file = None
        if digest is not None and self._reader is not None:
            try:
                file = await self._reader.open_file(digest)
            except FilesAwayError:
                return Response(status_code=503, headers={"Retry-After": "60"})
        return Response(status_code=404) if file is None or digest is None else file_response(file, digest)


async def _note(connection: Connection, lodging: Lodging) -> None:
    await store_lodging(connection, lodging.report.id, lodging.code, lodging.digest)


def _payment_answer(body: Body, key: DoorKey, shared: PaymentSettings) -> Body:
    code = payment.PAID if key == "ok" else payment.FAILED
    return payment.confirmation_answer(body, code, door_text(key), shared.secret.get_secret_value())


def _error(key: DoorKey, *, code: str = "-1", **values: str) -> Body:
    return {"error_code": code, "message": door_text(key, **values)}
