"""Metrics, liveness from progress and readiness from ability, over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.http.descriptors import HEALTH_CONNECTIONS
from hub.http.limits import DoorLimits
from hub.http.metrics import HttpMetrics
from hub.http.server import Door, serve_http
from hub.process.vitals import LIVE, READY, Check, Vitals

Impaired = Callable[[], Sequence[str]]
"""What does not work although the process does: a topic and why, for instance."""

_LIMITS = DoorLimits(
    connections=HEALTH_CONNECTIONS, per_address=64, head_s=5.0, idle_s=5.0, keep_alive_s=30, grace_s=1
)
_SHARE = 10
_ANSWER_S = 0.2


def _nothing() -> Sequence[str]:
    return ()


def health_app(
    registry: CollectorRegistry, alive: Check, ready: Check, impaired: Impaired = _nothing
) -> Starlette:
    """`/metrics`, `/livez` (503: restart me) and `/readyz` (503: do not count on me).

    `/readyz` also tells what of a process that is ready does not work.
    However often they are asked for, the process goes on with its work.
    """
    page = _Page(registry)
    probes = {LIVE: _Shared(alive), READY: _Shared(ready)}

    async def metrics(_: Request) -> Response:
        return Response(page.text(time.monotonic), media_type="text/plain; version=0.0.4")

    app = Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/livez", _checked(probes[LIVE], _nothing)),
            Route("/readyz", _checked(probes[READY], impaired)),
        ]
    )
    app.state.probes = probes
    return app


class _Page:
    """The metrics' text, written anew for at most a tenth of the time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._text = b""
        self._stale_at = 0.0

    def text(self, clock: Callable[[], float]) -> bytes:
        """The present text, or the one of a moment ago."""
        began_at = clock()
        if began_at >= self._stale_at:
            self._text = generate_latest(self._registry)
            ended_at = clock()
            self._stale_at = ended_at + (ended_at - began_at) * _SHARE
        return self._text


class _Shared:
    """One check at a time; who asks while it runs, or shortly after, gets its answer."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._running: asyncio.Task[str | None] | None = None
        self._ended_at = 0.0

    async def __call__(self) -> str | None:
        is_fresh = self._running is not None and (
            not self._running.done() or time.monotonic() - self._ended_at < _ANSWER_S
        )
        if self._running is None or not is_fresh:
            self._running = asyncio.ensure_future(self._run())
        # A client that goes away takes the check from nobody else.
        return await asyncio.shield(self._running)

    async def _run(self) -> str | None:
        try:
            return await self._check()
        finally:
            self._ended_at = time.monotonic()


def _checked(check: Check, impaired: Impaired) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        reason = await check()
        found = {"ok": reason is None, "reason": reason, "impaired": list(impaired())}
        return JSONResponse(found, 200 if reason is None else 503)

    return answer


async def serve(
    app: Starlette,
    host: str,
    port: int,
    on_port: Callable[[int], None],
    metrics: HttpMetrics,
    exit_after_s: float | None = None,
) -> None:
    """Serve until cancelled; `on_port` is told the port that was taken. Errors as of `serve_http`.

    A process whose `/livez` has said no for `exit_after_s`, or that is blocked for so long, ends itself.
    """
    vitals = Vitals(getattr(app.state, "probes", {}), metrics, exit_after_s)
    looking = asyncio.create_task(vitals.run())
    try:
        await serve_http(app, Door("health", host, port, _LIMITS, metrics), on_port)
    finally:
        looking.cancel()
        await asyncio.wait({looking})
