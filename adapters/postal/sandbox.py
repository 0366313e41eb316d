"""Runs the stand-in of the postal operator as its own process: `python -m adapters.postal.sandbox`."""

from __future__ import annotations

import argparse
import contextlib
from functools import partial
from pathlib import Path

from adapters.postal.sandbox_app import BASE_PATH, Sandbox
from adapters.postal.sandbox_auto import read_lives, run_lives
from adapters.postal.sandbox_book import Book
from adapters.sandbox_kit.journal import Journal
from adapters.sandbox_kit.serving import arguments_of, run

DEFAULT_ACCOUNT = "sandbox-key:sandbox-secret:SANDBOX01"


def _arguments() -> argparse.Namespace:
    parser = arguments_of("adapters.postal.sandbox", __doc__)
    parser.add_argument("--account", action="append", help="KEY:SECRET:CUSTOMER, may be repeated")
    parser.add_argument("--token-life-s", type=float, default=3600.0)
    parser.add_argument("--time-unit", choices=("s", "ms"), default="ms", help="unit of EventTime")
    parser.add_argument("--auto", type=Path, help="scenario after which orders progress by themselves")
    parser.add_argument("--tick-s", type=float, default=0.1, help="how often --auto looks for due events")
    return parser.parse_args()


def _account(text: str) -> tuple[str, str, str]:
    key, secret, customer = text.split(":")
    return key, secret, customer


def main() -> None:
    """Serve until SIGTERM or SIGINT; the state comes back from the journal."""
    arguments = _arguments()
    with contextlib.closing(Journal(arguments.journal)) as journal:
        book = Book(journal, arguments.time_unit)
        accounts = [_account(text) for text in arguments.account or [DEFAULT_ACCOUNT]]
        sandbox = Sandbox(book, accounts, arguments.token_life_s)
        lives = read_lives(arguments.auto) if arguments.auto else ()
        run(
            arguments,
            lambda _base: sandbox.app(),
            lambda base: {"token_url": f"{base}/token", "base_url": base + BASE_PATH},
            beside=partial(run_lives, book, lives, arguments.tick_s) if lives else None,
        )


if __name__ == "__main__":
    main()
