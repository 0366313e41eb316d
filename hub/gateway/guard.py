"""The door: identity, rate and size before anything of a body is read; every refusal as a problem."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from hub.documents.reason import DocumentsAwayError
from hub.gateway.bodies import Body, Receive, Scope, Send
from hub.gateway.buckets import Buckets
from hub.gateway.callers import Caller, Callers
from hub.gateway.connection import PEER
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.problems import Problem, ProblemError
from hub.logs import log
from hub.settings import GatewaySettings
from hub.steady import AWAY

App = Callable[[Scope, Receive, Send], Awaitable[None]]

AWAY_HERE = (*AWAY, DocumentsAwayError)
"""What is answered with 503: something that the gateway needs does not answer."""
CALLER = "onestop.caller"
OPEN = frozenset({"/openapi.json"})
"""What everybody may read: the contract."""
DOCUMENTS = "/v1/documents"
_OF_KAFKA = (DOCUMENTS, "/v1/dossiers/", "/v1/receipts/", "/openapi.json")
"""How the addresses begin where a participant over Kafka is served: documents and look-ups."""
_NOBODY = "nobody"


class Guard:
    """ASGI around the application; what passes has a `Caller` in its scope and a body with limits."""

    def __init__(
        self,
        app: App,
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything that is raised becomes a problem."""
        if scope["type"] != "http":
            return
        body = Body(scope, receive)
        answer = _Answer(body, send)
        name, started_at = _NOBODY, time.monotonic()
        try:
            caller = await self._admit(scope)
            if caller is not None:
                name = caller.name
                scope[CALLER] = caller
                self._limit(scope, body)
            await self._app(scope, body.receive, answer.send)
        except ProblemError as error:
            await answer.problem(error.problem)
        except AWAY_HERE as error:
            log("request_waits", error=type(error).__name__, participant=name)
            await answer.problem(Problem("gateway.unavailable", headers={"retry-after": "2"}))
        except Exception as error:  # noqa: BLE001  the outermost loop of a request
            log("request_failed", error=type(error).__name__, participant=name)
            await answer.problem(Problem("gateway.fault"))
        finally:
            self._metrics.served(name, answer.status, time.monotonic() - started_at)

    async def _admit(self, scope: Scope) -> Caller | None:
        caller = await self._caller(scope)
        if caller is None:
            if scope["path"] in OPEN and scope["method"] in ("GET", "HEAD"):
                return None
            address = (scope.get("client") or ("",))[0]
            _must_wait(self._strangers.take(address, time.monotonic()))
            raise ProblemError("http.unauthorized", headers=_CHALLENGE)
        _must_wait(self._buckets.take(caller.name, time.monotonic()))
        if caller.is_documents_only and not scope["path"].startswith(_OF_KAFKA):
            raise ProblemError("http.over_kafka")
        return caller

    async def _caller(self, scope: Scope) -> Caller | None:
        shown = [content for name, content in scope["headers"] if name == b"authorization"]
        if shown:
            kind, _, token = shown[0].partition(b" ")
            is_token = len(shown) == 1 and kind.lower() == b"bearer" and 20 <= len(token.strip()) <= 200
            return await self._callers.find(token.strip()) if is_token else None
        certificate = scope.get(PEER)
        return await self._callers.find(certificate) if certificate is not None else None

    def _limit(self, scope: Scope, body: Body) -> None:
        settings = self._settings
        if scope["path"] == DOCUMENTS:
            body.limit(self._max_document_bytes, idle_s=settings.idle_timeout_s)
        else:
            body.limit(settings.max_body_bytes, whole_s=settings.body_timeout_s)


_CHALLENGE = {"www-authenticate": 'Bearer realm="onestop"'}


def _must_wait(seconds: float) -> None:
    if seconds:
        raise ProblemError("http.too_many_requests", headers={"retry-after": str(int(seconds) + 1)})


class _Answer:
    """Knows whether the answer has begun; an answer before the end of the body ends the connection."""

    def __init__(self, body: Body, send: Send) -> None:
        self._body = body
        self._send = send
        self._is_ending = False
        self.status = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", []), *_ALWAYS]
            if not self._body.is_whole:
                self._is_ending = True
                message["headers"].append((b"connection", b"close"))
        elif self._is_ending and not message.get("more_body", False):
            self._is_ending = False
            await self._send({**message, "more_body": True})
            await self._body.drop_rest()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

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
