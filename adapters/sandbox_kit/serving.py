"""A sandbox as a process of its own: its port, its journal, and how it says that it listens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp


def arguments_of(module: str, description: str | None) -> argparse.ArgumentParser:
    """What every sandbox takes; each adds its own. What is written from here on is closed to other users."""
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog=module, description=description)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--journal", type=Path, required=True, help="JSON lines of every effect")
    parser.add_argument("--port-file", type=Path, help="gets the port once the sandbox listens")
    return parser


def run(
    arguments: argparse.Namespace,
    app_at: Callable[[str], ASGIApp],
    told_at: Callable[[str], Mapping[str, Any]],
    *,
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
    has_date: bool = True,
) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT.

    `app_at` and `told_at` get the address; what is told is one JSON line on standard output. `beside` runs as
    long. Without `has_date` the application sets the header `date` itself.
    """
    asyncio.run(_serve(arguments, app_at, told_at, beside, has_date=has_date))


async def _serve(
    arguments: argparse.Namespace,
    app_at: Callable[[str], ASGIApp],
    told_at: Callable[[str], Mapping[str, Any]],
    beside: Callable[[], Coroutine[Any, Any, None]] | None,
    *,
    has_date: bool,
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", arguments.port), backlog=128)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app_at(base),
            log_level="critical",
            access_log=False,
            lifespan="off",
            date_header=has_date,
            timeout_graceful_shutdown=1,
        )
        _announce(told_at(base), listener.getsockname()[1], arguments.port_file)
        async with asyncio.TaskGroup() as tasks:
            runner = tasks.create_task(beside()) if beside is not None else None
            await uvicorn.Server(config).serve(sockets=[listener])
            if runner is not None:
                runner.cancel()


def _announce(told: Mapping[str, Any], port: int, port_file: Path | None) -> None:
    if port_file is not None:
        fresh = port_file.with_suffix(".new")
        fresh.write_text(str(port), encoding="ascii")
        fresh.replace(port_file)
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
