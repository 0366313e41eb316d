"""Runs the stand-in of the portal as its own process: `python -m adapters.national_portal.sandbox`."""

from __future__ import annotations

import argparse
import contextlib

from adapters.national_portal.sandbox_app import PREFIXES, Options, Sandbox
from adapters.national_portal.sandbox_book import Book
from adapters.national_portal.sandbox_citizen import Citizen
from adapters.sandbox_kit.journal import Journal
from adapters.sandbox_kit.serving import arguments_of, run

UNPUBLISHED = "9.999999"


def _arguments() -> argparse.Namespace:
    parser = arguments_of("adapters.national_portal.sandbox", __doc__)
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


def _sandbox(arguments: argparse.Namespace, journal: Journal) -> Sandbox:
    unpublished = frozenset(arguments.unpublished or [UNPUBLISHED])
    username, _, password = arguments.account.partition(":")
    partner, _, secret = arguments.payment.partition(":")
    options = Options(
        username, password, arguments.unit, arguments.dstcode, arguments.session_life_s, arguments.codes
    )
    book = Book(journal, unpublished, arguments.exists_code)
    return Sandbox(book, options, Citizen(arguments.door, partner, secret))


def main() -> None:
    """Serve until SIGTERM or SIGINT; the state comes back from the journal."""
    arguments = _arguments()
    with contextlib.closing(Journal(arguments.journal)) as journal:
        sandbox = _sandbox(arguments, journal)
        run(arguments, lambda _base: sandbox.app(), lambda base: {"base_url": base, "prefixes": PREFIXES})


if __name__ == "__main__":
    main()
