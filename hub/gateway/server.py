"""The participants' door: its limits of connections, and how it words a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.gateway.problems import Problem
from hub.http.answer import Application
from hub.http.door_tls import no_tls
from hub.http.limits import DoorLimits, Refusal
from hub.http.metrics import HttpMetrics
from hub.http.server import Door, serve_until
from hub.http.tls import ServerTls
from hub.settings import GatewaySettings

_GRACE_S = 8
_KEEP_ALIVE_S = 30


async def serve_door(
    app: Application,
    settings: GatewaySettings,
    tls: ServerTls | None,
    metrics: HttpMetrics,
    stop: asyncio.Event,
    on_port: Callable[[int], None],
) -> None:
    """Serve until `stop` is set, then finish what is being answered, for 8 s at most."""
    door = Door("gateway", settings.host, settings.port, _limits(settings), metrics, tls or no_tls, _refusal)
    await serve_until(app, door, stop, on_port)


def _limits(settings: GatewaySettings) -> DoorLimits:
    return DoorLimits(
        connections=settings.max_connections,
        reserved=int(settings.max_connections * settings.reserved_share),
        per_address=settings.max_address_connections,
        per_caller=settings.max_participant_connections,
        handshake_s=settings.handshake_timeout_s,
        head_s=settings.header_timeout_s,
        idle_s=settings.idle_timeout_s,
        keep_alive_s=_KEEP_ALIVE_S,
        grace_s=_GRACE_S,
    )


def _refusal(code: str) -> Refusal:
    problem = Problem(code)
    return Refusal(problem.status, problem.encoded(), problem.http_headers())
