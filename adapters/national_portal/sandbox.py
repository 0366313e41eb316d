"""Runs the stand-in of the portal as its own process: `python -m adapters.national_portal.sandbox`."""

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

from adapters.national_portal.sandbox_app import PREFIXES, Options, Sandbox
from adapters.national_portal.sandbox_book import Book
from adapters.national_portal.sandbox_citizen import Citizen
from adapters.national_portal.sandbox_journal import Journal

UNPUBLISHED = "9.999999"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="adapters.national_portal.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--journal", type=Path, required=True, help="JSON lines of every effect")
    parser.add_argument("--port-file", type=Path, help="gets the port once the sandbox listens")
    parser.add_argument("--account", default="sandbox:sandbox-password", help="USER:PASSWORD")
    parser.add_argument("--unit", default="000.00.00.H07", help="madonvi of the province")
    parser.add_argument("--dstcode", help="refuse calls without it")
    parser.add_argument("--session-life-s", type=float, default=3600.0)
    parser.add_argument(
        "--codes", choices=("int", "str", "mixed"), default="mixed", help="shape of error_code"
    )
    parser.add_argument("--exists-code", default="3", help="error_code of an insert of a known dossier")
    parser.add_argument("--unpublished", action="append", help="procedure that the portal does not have")
    parser.add_argument("--door", help="the province's door with its prefix, for what the portal calls")
    parser.add_argument(
        "--payment",
        default="BENTRE:sandbox-secret-of-the-payment-platform",
        help="PARTNER:SECRET of payments",
    )
    return parser.parse_args()


def _announce(port: int, port_file: Path | None) -> None:
    if port_file is not None:
        fresh = port_file.with_suffix(".new")
        fresh.write_text(str(port))
        fresh.replace(port_file)
    sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{port}", "prefixes": PREFIXES}) + "\n")
    sys.stdout.flush()


def _sandbox(arguments: argparse.Namespace, journal: Journal) -> Sandbox:
    unpublished = frozenset(arguments.unpublished or [UNPUBLISHED])
    username, _, password = arguments.account.partition(":")
    partner, _, secret = arguments.payment.partition(":")
    options = Options(
        username, password, arguments.unit, arguments.dstcode, arguments.session_life_s, arguments.codes
    )
    book = Book(journal, unpublished, arguments.exists_code)
    return Sandbox(book, options, Citizen(arguments.door, partner, secret))


async def serve(arguments: argparse.Namespace) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT; the state comes back from the journal."""
    journal = Journal(arguments.journal)
    config = uvicorn.Config(
        _sandbox(arguments, journal).app(),
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    with contextlib.closing(socket.create_server(("127.0.0.1", arguments.port), backlog=128)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
        _announce(listener.getsockname()[1], arguments.port_file)
        await uvicorn.Server(config).serve(sockets=[listener])
    journal.close()


if __name__ == "__main__":
    os.umask(0o077)
    asyncio.run(serve(_arguments()))
