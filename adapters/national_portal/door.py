"""Where the portal calls us: look-up, lodging, payments, files; every yes follows what was stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.national_portal.door_payments import PaymentDoor
from adapters.national_portal.downloads import DocumentReader, file_response
from adapters.national_portal.errors import UnopenedError
from adapters.national_portal.links import PATH, Links
from adapters.national_portal.lodging import SERVICE, Lodging, LodgingError, is_update, read_lodging
from adapters.national_portal.mapping import Words, search_item
from adapters.national_portal.procedures import Procedure, Procedures
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.tables import Tables, store_lodging
from adapters.national_portal.texts import door_answer
from hub.delivery.errors import FilesAwayError, ForeignTextError, StoreAwayError
from hub.delivery.foreign_text import code, read_object
from hub.delivery.host import Connection, Host

_log = logging.getLogger(__name__)

Body = dict[str, Any]


class Door:
    """The calls of the portal, each answered with HTTP 200 and a code of the service."""

    def __init__(
        self,
        settings: PortalSettings,
        desk: Host,
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
        self._payments = PaymentDoor(settings.payment, desk, tables) if settings.payment is not None else None

    def app(self) -> Starlette:
        """The routes, under each prefix."""
        calls: dict[str, Callable[[Body], Awaitable[Body]]] = {
            "/search/call": self._search,
            "/nhanhsdvcqg": self._lodge,
            "/dpnhankqthanhtoanhs": self._payments.confirm if self._payments else _unknown_service,
            "/dptracuuthanhtoanhs": self._payments.look_up if self._payments else _unknown_service,
        }
        prefixes = dict.fromkeys(prefix.rstrip("/") for prefix in self._settings.door.prefixes)
        routes = [
            Route(prefix + path, self._answered(answer), methods=["POST"])
            for prefix in prefixes
            for path, answer in calls.items()
        ]
        files = [Route(prefix + PATH + "/{token}", self._download, methods=["GET"]) for prefix in prefixes]
        return Starlette(routes=[*routes, *files])

    def _answered(
        self, answer: Callable[[Body], Awaitable[Body]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            if not self._may_call(request):
                return Response(status_code=403)
            try:
                body = await self._body(request)
            except ValueError:
                return JSONResponse(door_answer("bad_request"))
            except (TimeoutError, ClientDisconnect):
                return Response(status_code=408)
            if body is None:
                return Response(status_code=413)
            try:
                return JSONResponse(await answer(body))
            except (StoreAwayError, UnopenedError) as error:
                _log.warning("not answered", extra={"action": "portal.door_away", "reason": str(error)})
                return JSONResponse(door_answer("unavailable"))
            except Exception as error:  # noqa: BLE001  the outermost place of a call
                reason = type(error).__name__
                _log.error("not answered", extra={"action": "portal.door_bug", "reason": reason})
                return JSONResponse(door_answer("unavailable"))

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
        return read_object(raw)

    async def _search(self, body: Body) -> Body:
        """search/call: what the portal may show of one dossier, a bare object."""
        try:
            found = await self._tables.shown(code(body.get("masohoso")))
        except ForeignTextError:
            found = None
        if found is None:
            return door_answer("unknown_dossier")
        record = found[1]
        procedure = await self._procedures.find(self._words.procedure(record.procedure))
        return search_item(record, procedure or Procedure("", "", ""), self._words)

    async def _lodge(self, body: Body) -> Body:
        """NopHoSo (assumed): 0 once the request to the hub is stored, 1 for the code of another dossier."""
        try:
            if code(body.get("service")) != SERVICE:
                return door_answer("unknown_service")
            if is_update(body):
                return door_answer("bad_field", field="isUpdating")
            lodging = read_lodging(body.get("data"), self._settings, self._desk.now())
        except ForeignTextError:
            return door_answer("bad_request")
        except LodgingError as error:
            return door_answer("bad_field", field=error.field)
        request = lodging.report.id
        if await self._tables.lodged(request) is None and await self._desk.accept(
            lodging.report, lambda connection: self._note(connection, lodging)
        ):
            _log.info("lodged", extra={"action": "portal.lodged", "report_id": request})
        if await self._tables.lodged(request) != self._tables.digest(lodging):
            return door_answer("duplicate", code="1")
        return door_answer("ok", code="0")

    async def _note(self, connection: Connection, lodging: Lodging) -> None:
        digest = self._tables.digest(lodging)
        await store_lodging(connection, lodging.report.id, lodging.code, digest)

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


async def _unknown_service(_body: Body) -> Body:
    return door_answer("unknown_service")
