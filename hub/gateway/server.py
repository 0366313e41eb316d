"""The listening side: TLS by settings, limits of connections, and a stop that lets answers finish."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import uvicorn

from hub.errors import StartupError
from hub.gateway.connection import protocol
from hub.serving import serve_http
from hub.settings import GatewaySettings

_GRACE_S = 8
_KEEP_ALIVE_S = 30


def check_tls(settings: GatewaySettings, environment: str) -> None:
    """`StartupError` unless TLS is on, or the door opens on loopback only, in environment `test`."""
    if settings.certificate_file is not None and settings.key_file is not None:
        return
    if settings.certificate_file is not None or settings.key_file is not None:
        raise StartupError("HUB_GATEWAY__CERTIFICATE_FILE, HUB_GATEWAY__KEY_FILE: set both or none")
    if environment != "test" or not _is_loopback(settings.host):
        raise StartupError(
            "HUB_GATEWAY__CERTIFICATE_FILE: without TLS the gateway serves only loopback, in environment test"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def serve_door(
    app: Any, settings: GatewaySettings, stop: asyncio.Event, on_port: Callable[[int], None]
) -> None:
    """Serve until `stop` is set, then finish what is being answered, for 8 s at most."""
    serving = asyncio.create_task(serve_http(_config(app, settings), settings.host, settings.port, on_port))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _config(app: Any, settings: GatewaySettings) -> uvicorn.Config:
    wants_clients = settings.client_ca_file is not None
    config = uvicorn.Config(
        app,
        http=protocol(settings.header_timeout_s, settings.idle_timeout_s, settings.max_connections),
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=settings.certificate_file,
        ssl_keyfile=settings.key_file,
        ssl_ca_certs=str(settings.client_ca_file) if wants_clients else None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if wants_clients else ssl.CERT_NONE,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise StartupError(f"HUB_GATEWAY__*_FILE: TLS cannot be set up: {type(error).__name__}") from None
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config
