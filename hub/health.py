"""Metrics, liveness from progress and readiness from ability, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.serving import serve_http

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else a short reason without personal data."""


def health_app(registry: CollectorRegistry, alive: Check, ready: Check) -> Starlette:
    """`/metrics`, `/livez` (503: restart me) and `/readyz` (503: do not count on me)."""

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/livez", _checked(alive)),
            Route("/readyz", _checked(ready)),
        ]
    )


def _checked(check: Check) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        reason = await check()
        return JSONResponse({"ok": reason is None, "reason": reason}, 200 if reason is None else 503)

    return answer


async def serve(app: Starlette, host: str, port: int, on_port: Callable[[int], None]) -> None:
    """Serve until cancelled; `on_port` is told the port that was taken. Errors as of `serve_http`."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    await serve_http(config, host, port, on_port)
