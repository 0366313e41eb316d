"""The HTTP door of a hosted adapter: open until cancelled, closed in order."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from hub.serving import serve_http

_CALLS_AT_ONCE = 256
_GRACE_S = 2


async def serve_door(app: Starlette, host: str, port: int, on_port: Callable[[int], None]) -> None:
    """As `hub.serving.serve_http`, with a limit of calls at a time."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        limit_concurrency=_CALLS_AT_ONCE,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
    )
    await serve_http(config, host, port, on_port)
