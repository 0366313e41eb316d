"""The sandbox's HTTP side: login and services of the portal, and `/_…` for whoever directs it."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.national_portal.sandbox_book import Answer, Book
from adapters.national_portal.sandbox_citizen import Citizen
from adapters.national_portal.sandbox_faults import FAULTS
from adapters.national_portal.sandbox_replies import reply
from adapters.sandbox_kit.faults import Fault, Faults
from adapters.sandbox_kit.replies import object_in

PREFIXES: Final = ("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward", "")
_DEAD_SESSION: Final = Answer("-401", "Phiên làm việc không hợp lệ hoặc đã hết hạn")


@dataclass(frozen=True, slots=True)
class Options:
    """Who may call, and how the portal writes: `codes` is `int`, `str` or `mixed`."""

    username: str
    password: str
    unit: str
    dstcode: str | None
    session_life_s: float
    codes: str


class Sandbox:
    """A stand-in of the national portal behind a security server."""

    def __init__(self, book: Book, options: Options, citizen: Citizen) -> None:
        self.book = book
        self.faults = Faults(FAULTS)
        self.logins = 0
        self.calls: dict[str, int] = {}
        self._options = options
        self._citizen = citizen
        self._sessions: dict[str, float] = {}
        self._turns = itertools.count()

    async def login(self, request: Request) -> Response:
        """POST /mapi/login."""
        self.logins += 1
        body = object_in(await request.body())
        fault = self.faults.take("login", None)
        options = self._options
        is_known = body is not None and (body.get("username"), body.get("password")) == (
            options.username,
            options.password,
        )
        if not is_known or (fault is not None and fault.kind == "error"):
            return reply(None, self._document(Answer("-1", "Sai tài khoản hoặc mật khẩu")))
        session = secrets.token_hex(16)
        self._sessions[session] = time.monotonic() + options.session_life_s
        return reply(fault, {"error_code": self._code("0"), "session": session})

    async def call(self, request: Request) -> Response:
        """POST /mapi/g: one service; business errors are HTTP 200 too."""
        body = object_in(await request.body())
        if body is None:
            return reply(None, self._document(Answer("-1", "Dữ liệu không phải JSON")))
        if self._options.dstcode is not None and self._options.dstcode not in {
            request.headers.get("dstcode"),
            request.query_params.get("dstcode"),
        }:
            return Response("dstcode", 404)
        service = str(body.get("service"))
        self.calls[service] = self.calls.get(service, 0) + 1
        is_alive = time.monotonic() < self._sessions.get(str(body.get("session")), 0.0)
        fault = self.faults.take(service, _dossier_of(body)) if is_alive else None
        if fault is not None and fault.kind == "expired_session":
            self._sessions.clear()
        if not is_alive or (fault is not None and fault.kind == "expired_session"):
            return reply(None, self._document(_DEAD_SESSION))
        if body.get("madonvi") != self._options.unit:
            return reply(None, self._document(Answer("-1", "Mã đơn vị không đúng")))
        return reply(fault, self._document(self._answer(service, body, fault)))

    def _answer(self, service: str, body: dict[str, Any], fault: Fault | None) -> Answer:
        if fault is not None and fault.kind == "forget_dossier":
            self.book.forget(_dossier_of(body) or "")
        if fault is not None and fault.kind == "error":
            return Answer(_code_of(fault), str(fault.own.get("message", "Lỗi hệ thống")))
        if fault is not None and fault.kind == "exists" and body.get("isUpdating") == "False":
            self.book.hold(body["data"][0])
            return Answer(_code_of(fault), "Hồ sơ đã tồn tại trên hệ thống")
        if fault is not None and not fault.has_effect:
            return Answer("0", "")
        match service:
            case "DongBoHoSoMC":
                return self._sync(body)
            case "CapNhatTienDoHoSoMC":
                return self._add_lines(body)
            case "TraCuuHoSo":
                return self.book.find(body.get("mahoso"))
            case "LayThuTuc":
                return self.book.procedure(body.get("maTTHC"))
            case _:
                return Answer("-1", "Dịch vụ không tồn tại")

    def _sync(self, body: dict[str, Any]) -> Answer:
        items = body.get("data")
        if body.get("isUpdating") not in {"True", "False"} or not _is_list_of_one(items):
            return Answer("-1", "Dữ liệu không hợp lệ: data, isUpdating")
        return self.book.sync(body["data"][0], is_update=body["isUpdating"] == "True")

    def _add_lines(self, body: dict[str, Any]) -> Answer:
        if not _is_list_of_one(body.get("data")):
            return Answer("-1", "Dữ liệu không hợp lệ: data")
        return self.book.add_line(body["data"][0])

    def _document(self, answer: Answer) -> dict[str, Any]:
        document: dict[str, Any] = {"error_code": self._code(answer.code), "message": answer.message}
        return document if answer.result is None else {**document, "result": answer.result}

    def _code(self, code: str) -> int | str:
        style = self._options.codes
        is_number = style == "int" or (style == "mixed" and next(self._turns) % 2 == 0)
        return int(code) if is_number else code

    async def health(self, _request: Request) -> Response:
        """GET /_health."""
        counts = {"dossiers": len(self.book.dossiers), "logins": self.logins, "calls": self.calls}
        return JSONResponse({"ok": True, **counts})

    async def dossier(self, request: Request) -> Response:
        """GET /_dossiers/{code}: what a citizen would see."""
        dossier = self.book.dossiers.get(request.path_params["code"])
        if dossier is None:
            return Response(status_code=404)
        return JSONResponse({"item": dossier.item, "lines": dossier.lines})

    def app(self) -> Starlette:
        """The routes."""
        services = [
            route
            for prefix in PREFIXES
            for route in (
                Route(f"{prefix}/mapi/login", self.login, methods=["POST"]),
                Route(f"{prefix}/mapi/g", self.call, methods=["POST"]),
                Route(f"{prefix}/payplat/query", self._citizen.query, methods=["POST"]),
            )
        ]
        return Starlette(
            routes=[
                *services,
                Route("/_health", self.health, methods=["GET"]),
                Route("/_dossiers/{code}", self.dossier, methods=["GET"]),
                self.faults.route(),
                *self._citizen.routes(),
            ]
        )


def _code_of(fault: Fault) -> str:
    return str(fault.own.get("code", "3" if fault.kind == "exists" else "-1"))


def _dossier_of(body: dict[str, Any]) -> str | None:
    data = body.get("data")
    item = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    code = item.get("MaHoSo", body.get("mahoso"))
    return code if isinstance(code, str) else None


def _is_list_of_one(items: object) -> bool:
    return isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict)
