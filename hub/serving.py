"""Serving HTTP from a task of a process that has other work too: signals are not uvicorn's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn

from hub.errors import StartupError

_BACKLOG = 128


async def serve_http(config: uvicorn.Config, host: str, port: int, on_port: Callable[[int], None]) -> None:
    """Serve until cancelled, then let running calls end as `config` says; `on_port` is told the port.

    Raises `StartupError` when the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise StartupError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # signals are ours
    with contextlib.closing(listener):
        on_port(listener.getsockname()[1])
        # Cancelling the server itself would leave its sockets open.
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(task)
        finally:
            server.should_exit = True
            await asyncio.wait({task})
