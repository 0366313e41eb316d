"""A stand-in of the population database, run as `python -m adapters.population_db.sandbox`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.population_db import sandbox_soap as soap
from adapters.population_db.sandbox_people import People, generate_people, read_people
from adapters.population_db.sandbox_state import (
    AFTER_EFFECT,
    BEFORE_EFFECT,
    FaultScript,
    Journal,
    SandboxConfig,
    ScriptedFault,
)
from adapters.population_db.sandbox_wires import (
    JSON_PATH,
    JSON_TOKEN_PATH,
    LGSP_PATH,
    LGSP_TOKEN_PATH,
    SERVICE_PATH,
    JsonWire,
    LgspTokens,
    LgspWire,
    SoapWire,
    Wire,
)
from adapters.sandbox_kit.replies import SilentResponse, dripped, page
from adapters.sandbox_kit.serving import arguments_of, run

MAX_REQUEST_BYTES: Final = 64 << 10
HOLD_S: Final = 60.0
CLOCK_ERROR: Final = timedelta(hours=1)
_TEXTS: Final = {
    "TIMESTAMP_SKEW": "the timestamp is outside the tolerated skew",
    "CREDENTIALS_WRONG": "the caller could not be authenticated",
    "CREDENTIALS_EXPIRED": "the connection account has expired",
    "PROCEDURE_NOT_LICENSED": "MaDVC may not use this service",
    "OFFICER_UNKNOWN": "MaCanBo is not known",
    "REQUEST_ID_REUSED": "MaYeuCau has been used before",
    "INTERNAL": "the request could not be processed",
}


class Sandbox:
    """The service and its control endpoints over one journal."""

    def __init__(self, config: SandboxConfig, people: People, journal: Journal, url: str) -> None:
        self._config = config
        self._people = people
        self._journal = journal
        self._url = url
        self._script = FaultScript()
        self._tokens = LgspTokens(config)
        self._wires: dict[str, Wire] = {
            SERVICE_PATH: SoapWire(config, url),
            LGSP_PATH: LgspWire(config, url, tokens=self._tokens),
            **{f"{JSON_PATH}/{name}": JsonWire(config, name, self._tokens) for name in soap.OPERATIONS},
        }

    def app(self) -> Starlette:
        """Return the web application."""
        return Starlette(
            routes=[
                *(Route(path, self._served_by(wire), methods=["POST"]) for path, wire in self._wires.items()),
                Route(LGSP_TOKEN_PATH, self._token_of("N2"), methods=["POST"]),
                Route(JSON_TOKEN_PATH, self._token_of("N3"), methods=["POST"]),
                Route("/_faults", self._control, methods=["GET", "POST", "DELETE"]),
                Route("/_health", self._health, methods=["GET"]),
                Route("/_people", self._listed, methods=["GET"]),
            ]
        )

    def _served_by(self, wire: Wire) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            return await self._serve(request, wire)

        return serve

    def _token_of(self, dialect: Literal["N2", "N3"]) -> Callable[[Request], Awaitable[Response]]:
        async def give(request: Request) -> Response:
            answer = self._tokens.give(dialect, request.headers, await request.body())
            if answer is None:
                return Response(status_code=401)
            return Response(answer, media_type="application/json")

        return give

    async def _serve(self, request: Request, wire: Wire) -> Response:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_REQUEST_BYTES:
                return Response(status_code=413)
        request_id = wire.peek_request_id(bytes(data))
        before = self._script.take(request_id, BEFORE_EFFECT)
        now = datetime.now(UTC) + (CLOCK_ERROR if before == "wrong_clock" else timedelta())
        response, after = self._scripted(before, request_id, now, wire), None
        if response is None:
            response, after = self._answer(request, bytes(data), now, wire)
        response.headers["date"] = format_datetime(now, usegmt=True)
        if after == "timeout_after_effect":
            return SilentResponse(HOLD_S)
        if after == "slow_drip":
            return dripped(bytes(response.body), wire.media_type, response.status_code)
        return response

    def _scripted(self, fault: str | None, request_id: str, now: datetime, wire: Wire) -> Response | None:
        """Return the answer of a fault that happens before any effect."""
        match fault:
            case "http_500":
                response = Response(status_code=500)
            case "soap_fault":
                response = self._fault("INTERNAL", 500, wire)
            case "html_page":
                response = page()
            case "expired_credentials":
                self._tokens.forget()
                response = self._fault("CREDENTIALS_EXPIRED", 401, wire)
            case _:
                return None
        self._journal.write("fault", now, {"request_id": request_id, "fault": fault})
        return response

    def _answer(
        self, request: Request, data: bytes, now: datetime, wire: Wire
    ) -> tuple[Response, str | None]:
        """Check the caller and the request, answer, and name the fault that hits after the effect."""
        request_id = wire.peek_request_id(data)
        refused = wire.refuse_caller(request.headers, now)
        if refused is not None:
            return self._refuse(refused, request_id, now, wire, status=401), None
        try:
            asked = wire.parse(data)
        except soap.BadRequestError as error:
            return self._refuse("REQUEST_INVALID", request_id, now, wire, text=str(error)), None
        refused = "OFFICER_UNKNOWN" if wire.refuse_officer(request.headers, asked) else self._refusal(asked)
        if refused is not None:
            return self._refuse(refused, asked.request_id, now, wire), None
        return self._effect(asked, now, wire)

    def _effect(self, asked: soap.AskedFor, now: datetime, wire: Wire) -> tuple[Response, str | None]:
        fault = self._script.take(asked.request_id, AFTER_EFFECT)
        person = self._people.find(asked.number, asked.old_number, asked.name, asked.birth)
        entry = {
            "request_id": asked.request_id,
            "operation": asked.operation,
            "procedure": asked.procedure,
            "officer": asked.officer,
            "unit": asked.unit,
            "outcome": "no_match" if person is None else "match",
            "fault": fault,
        }
        self._journal.write("effect", now, entry)
        return Response(wire.answer(asked.operation, person), media_type=wire.media_type), fault

    def _refusal(self, asked: soap.AskedFor) -> str | None:
        if not {"*", asked.procedure} & self._config.procedures:
            return "PROCEDURE_NOT_LICENSED"
        if not {"*", asked.officer} & self._config.officers:
            return "OFFICER_UNKNOWN"
        return "REQUEST_ID_REUSED" if asked.request_id in self._journal.used_ids else None

    def _refuse(
        self, code: str, request_id: str, now: datetime, wire: Wire, *, status: int = 500, text: str = ""
    ) -> Response:
        self._journal.write("refused", now, {"request_id": request_id, "code": code})
        return self._fault(code, status, wire, text)

    def _fault(self, code: str, status: int, wire: Wire, text: str = "") -> Response:
        return Response(
            wire.fault(code, text or _TEXTS[code]), status_code=status, media_type=wire.media_type
        )

    async def _control(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._script.faults.clear()
        if request.method == "POST":
            try:
                self._script.faults.extend([ScriptedFault(**entry) for entry in await request.json()])
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        waiting = [{"fault": f.fault, "count": f.count, "match": f.match} for f in self._script.faults]
        return JSONResponse(waiting)

    async def _listed(self, _: Request) -> Response:
        return JSONResponse({"synthetic": True, "people": self._people.listed()})

    async def _health(self, _: Request) -> Response:
        health = {"status": "up", "service_url": self._url, "token_requests": self._tokens.requests}
        return JSONResponse(health)


def _arguments() -> argparse.Namespace:
    parser = arguments_of("adapters.population_db.sandbox", __doc__)
    parser.add_argument("--people", type=Path, help='{"synthetic": true, "people": [...]}')
    parser.add_argument("--config", type=Path, help="JSON with the fields of SandboxConfig")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM or SIGINT; prints the service's address as one JSON line."""
    options = _arguments()
    config = SandboxConfig.read(options.config)
    people = People(read_people(options.people) if options.people else generate_people())
    with contextlib.closing(Journal(options.journal)) as journal:
        run(
            options,
            lambda base: Sandbox(config, people, journal, base + SERVICE_PATH).app(),
            lambda base: {"sandbox": "population_db", "service_url": base + SERVICE_PATH},
            has_date=False,
        )


if __name__ == "__main__":
    main()
