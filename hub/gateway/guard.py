"""The door: identity, rate and size before anything of a body is read; every refusal as a problem."""

from __future__ import annotations

import time
from contextlib import ExitStack

from hub.documents.reason import DocumentsAwayError
from hub.gateway.bodies import Body
from hub.gateway.callers import Caller, Callers
from hub.gateway.holding import Room
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.problems import Problem, ProblemError
from hub.gateway.refusals import PROBLEM, CallLog
from hub.http.admission import site_of
from hub.http.answer import Application, Message, Receive, Send
from hub.http.buckets import Buckets
from hub.http.connection import CONNECTION, Connection
from hub.logs import log, place_of
from hub.postgres.away import reason_of
from hub.process.supervise import AWAY, is_away
from hub.settings import GatewaySettings

AWAY_HERE = (*AWAY, DocumentsAwayError)
"""Among these is what is answered with 503; ask `is_away_here`."""
CALLER = "onestop.caller"
TAKEN = "onestop.taken"
"""In the scope: an `ExitStack` of what the request has taken; all is given back when the request ends."""
OPEN = frozenset({"/openapi.json"})
"""What everybody may read: the contract."""
DOCUMENTS = "/v1/documents"
_OF_KAFKA = (
    DOCUMENTS,
    "/v1/dossiers/",
    "/v1/explanations/",
    "/v1/receipts/",
    "/v1/reports/",
    "/v1/directory",
    "/openapi.json",
)
"""How the addresses begin where a participant over Kafka is served: documents and look-ups."""
_NOBODY = "nobody"


def is_away_here(error: BaseException) -> bool:
    """Whether something that the gateway needs does not answer; False for a bug of ours, which is a 500."""
    return isinstance(error, DocumentsAwayError) or is_away(error)


class Guard:
    """ASGI around the application; what passes has a `Caller` in its scope and a body with limits."""

    def __init__(
        self,
        app: Application,
        callers: Callers,
        settings: GatewaySettings,
        max_document_bytes: int,
        metrics: GatewayMetrics,
    ) -> None:
        self._app = app
        self._callers = callers
        self._settings = settings
        self._max_document_bytes = max_document_bytes
        self._metrics = metrics
        self._buckets = Buckets(settings.requests_per_s, settings.burst)
        self._strangers = Buckets(settings.requests_per_s, settings.burst)
        self._room = Room(settings.held_bytes)
        self.refusals = CallLog()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request; anything that is raised becomes a problem."""
        if scope["type"] != "http":
            return
        body = Body(scope, receive)
        answer = _Answer(send)
        name, started_at = _NOBODY, time.monotonic()
        try:
            caller = await self._admit(scope)
            if caller is not None:
                name = caller.name
                scope[CALLER] = caller
            with ExitStack() as taken:
                scope[TAKEN] = taken
                if caller is not None:
                    self._limit(scope, body, caller, taken)
                await self._app(scope, answer.receives(body), answer.send)
        except ProblemError as error:
            scope[PROBLEM] = error.problem.code
            await answer.problem(error.problem)
        except Exception as error:  # noqa: BLE001  the outermost loop of a request
            await answer.problem(self._judged(error, name))
        finally:
            self._metrics.served(name, answer.status, time.monotonic() - started_at)
            if (code := scope.get(PROBLEM)) is not None:
                self.refusals.add(name, code, scope["method"], scope["path"])

    def _judged(self, error: Exception, name: str) -> Problem:
        if is_away_here(error):
            log("request_waits", error=reason_of(error), participant=name)
            return Problem("gateway.unavailable", headers={"retry-after": "2"})
        log("request_failed", error=place_of(error), participant=name)
        self._metrics.faults.inc()
        return Problem("gateway.fault")

    async def _admit(self, scope: Message) -> Caller | None:
        connection: Connection = scope[CONNECTION]
        shown = _shown(scope, connection.peer_certificate)
        caller = self._callers.known(shown) if shown is not None else None
        if caller is None:
            # Taken before the store is asked: whoever waits for it has been counted.
            address = (scope.get("client") or ("",))[0]
            _must_wait(self._strangers.take(site_of(address), time.monotonic()))
            caller = await self._callers.find(shown) if shown is not None else None
        if caller is None:
            connection.forget()
            if scope["path"] in OPEN and scope["method"] in ("GET", "HEAD"):
                return None
            raise ProblemError("http.unauthorized", headers=_CHALLENGE)
        if not connection.recognise(caller.name):
            raise ProblemError(
                "http.too_many_connections", headers={"retry-after": "1", "connection": "close"}
            )
        _must_wait(self._buckets.take(caller.name, time.monotonic()))
        if caller.is_documents_only and not scope["path"].startswith(_OF_KAFKA):
            raise ProblemError("http.over_kafka")
        return caller

    def _limit(self, scope: Message, body: Body, caller: Caller, taken: ExitStack) -> None:
        settings = self._settings
        if scope["path"] == DOCUMENTS:
            body.limit(self._max_document_bytes, idle_s=settings.idle_timeout_s)
        else:
            body.limit(settings.max_body_bytes, whole_s=settings.body_timeout_s)
            if not body.is_whole:
                size = body.length or settings.max_body_bytes
                taken.enter_context(self._room.held(caller.name, size))


def _shown(scope: Message, certificate: bytes | None) -> bytes | None:
    """The token or certificate; None for neither, and for what cannot be a token."""
    shown = [content for name, content in scope["headers"] if name == b"authorization"]
    if not shown:
        return certificate
    kind, _, token = shown[0].partition(b" ")
    is_token = len(shown) == 1 and kind.lower() == b"bearer" and 20 <= len(token.strip()) <= 200
    return token.strip() if is_token else None


_CHALLENGE = {"www-authenticate": 'Bearer realm="onestop"'}


def _must_wait(seconds: float) -> None:
    if seconds:
        raise ProblemError("http.too_many_requests", headers={"retry-after": str(int(seconds) + 1)})


class _Answer:
    """Knows whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", []))
            names = {name for name, _ in own}
            message["headers"] = own + [one for one in _ALWAYS if one[0] not in names]
        await self._send(message)

    def receives(self, body: Body) -> Receive:
        """The body's pieces; what is wrong with it once the answer has begun ends the answer."""

        async def receive() -> Message:
            try:
                return await body.receive()
            except ProblemError:
                if not self.status:
                    raise
                return {"type": "http.disconnect"}

        return receive

    async def problem(self, problem: Problem) -> None:
        if self.status:
            return
        body = problem.encoded()
        headers = problem.http_headers() | {"content-length": str(len(body))}
        pairs = [(name.encode(), content.encode()) for name, content in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": pairs})
        await self.send({"type": "http.response.body", "body": body})


_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
)
"""Unless the answer says otherwise itself."""
