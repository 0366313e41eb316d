"""Fetches the locked Kafka jars, checks their hashes, keeps their classes: `python -m tools.fetch_jars`.

A part of `make setup`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.embedded.jars import ensure_jars
from hub.embedded.state import Folders
from hub.embedded.training import train
from hub.errors import StartupError


def main() -> int:
    """Fetch what is missing, check everything; one line and status 2 when it cannot be done."""
    folders = Folders.of(Path(os.environ.get("HUB_HOME") or "var"))
    try:
        jars = ensure_jars(folders.jars, print)
    except StartupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 2
    sys.stdout.write(f"Kafka: {len(jars)} jars, hashes checked\n")
    sys.stdout.write("Kafka: its classes are kept for quicker starts (some ten seconds the first time)\n")
    sys.stdout.flush()
    try:
        train(jars)
    except StartupError as error:
        sys.stdout.write(f"setup: {error}; it starts all the same, a second later\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
