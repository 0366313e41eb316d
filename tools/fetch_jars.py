"""Fetches the locked Kafka jars and checks their hashes: `python -m tools.fetch_jars` (`make setup`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.embedded.jars import ensure_jars
from hub.embedded.state import Folders
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
