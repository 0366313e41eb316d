"""Serves one door from a task of a process that has other work too: signals are not uvicorn's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn

from hub.errors import StartupError
from hub.http.acceptor import Acceptor
from hub.http.connection import Connection
from hub.http.limits import DoorLimits, Refuse, bare_refusal
from hub.http.metrics import HttpMetrics

_BACKLOG = 1024
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where a door is and what it bears; `tls` gives the context of the next connection."""

    name: str
    host: str
    port: int
    limits: DoorLimits
    metrics: HttpMetrics
    tls: Callable[[], ssl.SSLContext | None] = lambda: None
    refuse: Refuse = bare_refusal


async def serve_http(app: Any, door: Door, on_port: Callable[[int], None]) -> None:
    """Serve until cancelled, then let running calls end within the grace; `on_port` is told the port.

    Raises `StartupError` when the address cannot be taken.
    """
    with contextlib.closing(_listener(door.host, door.port)) as listener:
        server = uvicorn.Server(_config(app, door.limits))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # signals are ours
        state = server.server_state
        acceptor = Acceptor(
            door.name,
            listener,
            door.limits,
            door.metrics,
            lambda guest: Connection(server.config, state, acceptor, guest, door.limits, door.refuse),
            door.tls,
        )
        # Cancelling the server itself would leave its connections open. It listens to no socket of its own.
        serving = asyncio.create_task(server.serve(sockets=[]))
        acceptor.open()
        on_port(listener.getsockname()[1])
        try:
            while not serving.done():
                await asyncio.wait({serving}, timeout=_LOOK_S)
                for connection in tuple(state.connections):
                    assert isinstance(connection, Connection)
                    connection.look(asyncio.get_running_loop().time())
            serving.result()
        finally:
            await acceptor.close()
            server.should_exit = True
            await asyncio.wait({serving})
            for connection in tuple(state.connections):
                connection.transport.abort()


async def serve_until(app: Any, door: Door, stop: asyncio.Event, on_port: Callable[[int], None]) -> None:
    """Serve until `stop` is set, then let running calls end within the grace; raises as `serve_http`."""
    serving = asyncio.create_task(serve_http(app, door, on_port))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise StartupError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _config(app: Any, limits: DoorLimits) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=limits.grace_s,
    )
    config.load()
    return config
