"""Embedded stack: a first start of the broker whose classes are kept, so that each later one costs half."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hub.embedded import kafka
from hub.embedded.config import telling_line
from hub.embedded.java import class_archive, java_program
from hub.embedded.lifecycle import choose_ports, wait_ready
from hub.embedded.process import end
from hub.embedded.state import Folders, ServerRecord, new_state, save_state
from hub.errors import StartupError

_POLITE = ((signal.SIGTERM, 180.0), (signal.SIGKILL, 5.0))
"""Java writes the archive while it ends."""


def train(jars: Sequence[Path]) -> Path | None:
    """Write the archive of the broker's classes unless it is there; returns it, None when this Java cannot.

    Starts a broker of its own and ends it: about ten seconds. Raises StartupError when there is no archive
    after it; without one the broker starts as it always did.
    """
    archive = class_archive(java_program(), jars)
    if archive is None or archive.exists():
        return archive
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".training-") as home:
        draft = Path(home) / archive.name
        folders = Folders(Path(home), archive.parent)
        _run_once(folders, jars, draft)
        if not draft.exists():
            log = folders.log("kafka").read_text(encoding="utf-8", errors="replace")
            raise StartupError(f"Kafka: its classes could not be kept: {telling_line(log) or 'no output'}")
        draft.replace(archive)
    return archive


def _run_once(folders: Folders, jars: Sequence[Path], draft: Path) -> None:
    state = new_state(1)
    save_state(folders, state)
    state = choose_ports(folders, state, ["kafka"])
    kafka.format_storage(folders, state, "kafka", jars)
    started: list[ServerRecord] = []
    try:
        kafka.start(folders, state, "kafka", jars, started.append, [f"-XX:AOTCacheOutput={draft}"])
        wait_ready(folders, state.with_record("kafka", started[0]), "kafka")
    finally:
        for record in started:
            end(record, _POLITE)
