"""The door: identity, rate and size before anything of a body is read; every refusal as a problem."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from hub.documents.reason import DocumentsAwayError
from hub.gateway.buckets import Buckets
from hub.gateway.callers import Caller, Callers
from hub.gateway.connection import PEER
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.problems import Problem, ProblemError
from hub.logs import log
from hub.settings import GatewaySettings
from hub.steady import AWAY

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_DROPPED_S = 1.0
_DROPPED_BYTES = 64 << 20
AWAY_HERE = (*AWAY, DocumentsAwayError)
"""What is answered with 503: something that the gateway needs does not answer."""
CALLER = "onestop.caller"
OPEN = frozenset({"/openapi.json"})
"""What everybody may read: the contract."""
DOCUMENTS = "/v1/documents"
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
        answer = _Answer(scope, receive, send)
        name, started_at = _NOBODY, time.monotonic()
        try:
            caller = await self._admit(scope)
            if caller is not None:
                name = caller.name
                scope[CALLER] = caller
                receive = self._limited(scope, receive)
            await self._app(scope, receive, answer.send)
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
        return caller

    async def _caller(self, scope: Scope) -> Caller | None:
        shown = [content for name, content in scope["headers"] if name == b"authorization"]
        if shown:
            kind, _, token = shown[0].partition(b" ")
            is_token = len(shown) == 1 and kind.lower() == b"bearer" and 20 <= len(token.strip()) <= 200
            return await self._callers.find(token.strip()) if is_token else None
        certificate = scope.get(PEER)
        return await self._callers.find(certificate) if certificate is not None else None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        settings = self._settings
        if scope["path"] == DOCUMENTS:
            limit, code = self._max_document_bytes, "http.too_large"
            return _limited(scope, receive, _Limits(limit, code, None, settings.idle_timeout_s))
        whole_s = settings.body_timeout_s
        return _limited(scope, receive, _Limits(settings.max_body_bytes, "http.too_large", whole_s, whole_s))


_CHALLENGE = {"www-authenticate": 'Bearer realm="onestop"'}


class _Limits:
    __slots__ = ("code", "idle_s", "max_bytes", "whole_s")

    def __init__(self, max_bytes: int, code: str, whole_s: float | None, idle_s: float) -> None:
        self.max_bytes, self.code, self.whole_s, self.idle_s = max_bytes, code, whole_s, idle_s


def _limited(scope: Scope, receive: Receive, limits: _Limits) -> Receive:
    """`receive` that refuses what is too large, too slow or cut off; by its announced length at once."""
    length = next((content for name, content in scope["headers"] if name == b"content-length"), b"0")
    if length.isdigit() and int(length) > limits.max_bytes:
        raise ProblemError(limits.code)
    end = time.monotonic() + limits.whole_s if limits.whole_s is not None else None
    seen = 0
    is_whole = False

    async def limited() -> MutableMapping[str, Any]:
        nonlocal seen, is_whole
        if is_whole:
            return await receive()
        left_s = limits.idle_s if end is None else end - time.monotonic()
        try:
            async with asyncio.timeout(max(left_s, 0)):
                message = await receive()
        except TimeoutError:
            raise ProblemError("http.slow") from None
        if message["type"] == "http.disconnect":
            raise ProblemError("http.cut_off")
        seen += len(message.get("body", b""))
        if seen > limits.max_bytes:
            raise ProblemError(limits.code)
        is_whole = not message.get("more_body", False)
        return message

    return limited


def _must_wait(seconds: float) -> None:
    if seconds:
        raise ProblemError("http.too_many_requests", headers={"retry-after": str(int(seconds) + 1)})


class _Answer:
    """Knows whether the answer has begun; a refusal before the end of a body ends the connection.

    Closing at once would reset it, and the client would never read why: what still comes is dropped unread
    for a moment. A client that waits for `100 Continue` sends nothing.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_drained = any(name == b"expect" for name, _ in scope["headers"])
        self._is_ending = False
        self.status = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", []), *_ALWAYS]
            self._is_ending = (b"connection", b"close") in message["headers"]
        elif self._is_ending and not self._is_drained and not message.get("more_body", False):
            self._is_drained = True
            await self._send({**message, "more_body": True})
            await self._drop_rest()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drop_rest(self) -> None:
        left = _DROPPED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DROPPED_S):
                while left > 0:
                    message = await self._receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
                    left -= len(message["body"])

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
