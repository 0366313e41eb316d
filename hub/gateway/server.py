"""The participants' door: TLS by settings, limits of connections, and a stop that lets answers finish."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from hub.errors import StartupError
from hub.gateway.problems import Problem
from hub.http.answer import Application
from hub.http.limits import DoorLimits, Refusal
from hub.http.metrics import HttpMetrics
from hub.http.server import Door, serve_http
from hub.http.tls import ServerTls, TlsFiles
from hub.settings import GatewaySettings

_GRACE_S = 8
_KEEP_ALIVE_S = 30


class DoorFiles(Protocol):
    """What the settings of a door say of its address and its TLS."""

    @property
    def host(self) -> str: ...

    @property
    def certificate_file(self) -> Path | None: ...

    @property
    def key_file(self) -> Path | None: ...


def check_tls(settings: DoorFiles, environment: str, prefix: str = "HUB_GATEWAY") -> None:
    """`StartupError` unless TLS is on, or the door opens on loopback only, in environment `test`."""
    has_certificate = settings.certificate_file is not None
    if has_certificate is not (settings.key_file is not None):
        raise StartupError(f"{prefix}__CERTIFICATE_FILE, {prefix}__KEY_FILE: set both or none")
    if not has_certificate and (environment != "test" or not _is_loopback(settings.host)):
        raise StartupError(
            f"{prefix}__CERTIFICATE_FILE: without TLS this door is for loopback only, in environment test"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_tls(settings: DoorFiles, prefix: str = "HUB_GATEWAY") -> ServerTls | None:
    """What is served over TLS, None without files; raises `StartupError` for files that are of no use."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    try:
        client_ca = getattr(settings, "client_ca_file", None)
        return ServerTls(TlsFiles(settings.certificate_file, settings.key_file, client_ca))
    except (OSError, ValueError) as error:
        raise StartupError(f"{prefix}__*_FILE: TLS cannot be set up: {type(error).__name__}") from None


async def serve_door(
    app: Application,
    settings: GatewaySettings,
    tls: ServerTls | None,
    metrics: HttpMetrics,
    stop: asyncio.Event,
    on_port: Callable[[int], None],
) -> None:
    """Serve until `stop` is set, then finish what is being answered, for 8 s at most."""
    door = Door("gateway", settings.host, settings.port, _limits(settings), metrics, tls or _no_tls, _refusal)
    serving = asyncio.create_task(serve_http(app, door, on_port))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


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


def _no_tls() -> ssl.SSLContext | None:
    return None
