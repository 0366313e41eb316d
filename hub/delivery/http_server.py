"""The HTTP door of a hosted adapter: open until cancelled, closed in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette

from hub.http.limits import DoorLimits, Network
from hub.http.metrics import HttpMetrics
from hub.http.server import Door, serve_http

CONNECTIONS = 256
_OF_OTHERS = 64
_PER_ADDRESS = 16


async def serve_door(
    app: Starlette,
    host: str,
    port: int,
    on_port: Callable[[int], None],
    *,
    name: str,
    metrics: HttpMetrics,
    callers: Sequence[Network],
    is_open: bool = False,
) -> None:
    """As `hub.http.server.serve_http`, for the networks of the `callers`.

    `is_open`: others come too, for what is open to all; they hold a part of the connections only.
    """
    limits = DoorLimits(
        connections=CONNECTIONS,
        reserved=CONNECTIONS - _OF_OTHERS,
        per_address=_PER_ADDRESS,
        trusted=tuple(callers),
        is_closed=not is_open,
    )
    await serve_http(app, Door(name, host, port, limits, metrics), on_port)
