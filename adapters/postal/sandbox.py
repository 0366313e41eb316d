"""Runs the stand-in of the postal operator as its own process: `python -m adapters.postal.sandbox`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from adapters.postal.sandbox_app import BASE_PATH, Sandbox
from adapters.postal.sandbox_auto import read_lives, run_lives
from adapters.postal.sandbox_book import Book
from adapters.postal.sandbox_journal import Journal

DEFAULT_ACCOUNT = "sandbox-key:sandbox-secret:SANDBOX01"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="adapters.postal.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--journal", type=Path, required=True, help="JSON lines of every effect")
    parser.add_argument("--port-file", type=Path, help="gets the port once the sandbox listens")
    parser.add_argument("--account", action="append", help="KEY:SECRET:CUSTOMER, may be repeated")
    parser.add_argument("--token-life-s", type=float, default=3600.0)
    parser.add_argument("--time-unit", choices=("s", "ms"), default="ms", help="unit of EventTime")
    parser.add_argument("--auto", type=Path, help="scenario after which orders progress by themselves")
    parser.add_argument("--tick-s", type=float, default=0.1, help="how often --auto looks for due events")
    return parser.parse_args()


def _account(text: str) -> tuple[str, str, str]:
    key, secret, customer = text.split(":")
    return key, secret, customer


def _announce(port: int, port_file: Path | None) -> None:
    if port_file is not None:
        fresh = port_file.with_suffix(".new")
        fresh.write_text(str(port))
        fresh.replace(port_file)
    base = f"http://127.0.0.1:{port}"
    sys.stdout.write(json.dumps({"token_url": f"{base}/token", "base_url": base + BASE_PATH}) + "\n")
    sys.stdout.flush()


async def serve(arguments: argparse.Namespace) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT; the state comes back from the journal."""
    journal = Journal(arguments.journal)
    book = Book(journal, arguments.time_unit)
    accounts = [_account(text) for text in arguments.account or [DEFAULT_ACCOUNT]]
    sandbox = Sandbox(book, accounts, arguments.token_life_s)
    config = uvicorn.Config(
        sandbox.app(), log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    with contextlib.closing(socket.create_server(("127.0.0.1", arguments.port), backlog=128)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
        _announce(listener.getsockname()[1], arguments.port_file)
        lives = read_lives(arguments.auto) if arguments.auto else ()
        async with asyncio.TaskGroup() as tasks:
            runner = tasks.create_task(run_lives(book, lives, arguments.tick_s)) if lives else None
            await uvicorn.Server(config).serve(sockets=[listener])
            if runner is not None:
                runner.cancel()
    journal.close()


if __name__ == "__main__":
    os.umask(0o077)
    asyncio.run(serve(_arguments()))
