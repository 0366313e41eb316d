"""`python -m examples.demo`: a working week of a province in about a minute; exit status 0 if all is well."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from examples.demo.plan import STORIES
from examples.demo.run import Options, run_demo, stop_kept
from examples.demo.screen import demo_console
from hub.errors import HubError

REPOSITORY = Path(__file__).resolve().parents[2]
SMALLEST, LARGEST = len(STORIES), 3000
"""Each story once at least: a week without some of them would leave checks with nothing to look at."""


def _count(text: str) -> int:
    number = int(text)
    if not SMALLEST <= number <= LARGEST:
        raise argparse.ArgumentTypeError(f"{SMALLEST} to {LARGEST}")
    return number


async def _until_signalled(options: Options, console: Console) -> int:
    """SIGTERM ends the demo like the keyboard's interrupt: everything is taken down."""
    work = asyncio.create_task(run_demo(options, console))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def main() -> int:
    """0: every check holds; 1: one does not; 2: something is missing to run at all (one line says what)."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--dossiers", type=_count, default=300, help="how many dossiers the week has")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same week")
    parser.add_argument("--keep", action="store_true", help="leave everything running, to be looked at")
    parser.add_argument("--stop", action="store_true", help="end what --keep left running, and nothing else")
    arguments = parser.parse_args()
    home = Path(os.environ.get("HUB_HOME") or REPOSITORY / "var").resolve() / "demo"
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    # The broker lives for a minute or two: Java's second compiler would cost more than it saves.
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    os.umask(0o077)
    console = demo_console()
    try:
        if arguments.stop:
            console.print(f"{stop_kept(home)} processes ended, Kafka and PostgreSQL stopped")
            return 0
        return asyncio.run(
            _until_signalled(Options(arguments.dossiers, arguments.seed, arguments.keep, home), console)
        )
    except HubError as error:
        sys.stderr.write(f"demo: {error}\n")
    except OSError as error:
        sys.stderr.write(f"demo: {error.strerror or error}: {error.filename or ''}\n")
    except KeyboardInterrupt:
        sys.stderr.write("demo: interrupted\n")
        return 130
    return 2


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  a clear word for whoever runs it with an older one
        sys.exit("demo: Python 3.11 or newer is needed")
    sys.exit(main())
