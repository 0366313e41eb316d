"""Kafka Streams: fetches its jars, compiles the program and becomes its Java process: the pid stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.arena import HOME
from bench.peers.place import Place
from hub.embedded.jars import ensure_jars
from hub.embedded.java import java_program
from hub.embedded.state import Folders

_FOLDER = Path(__file__).parent
_PROGRAM = "CountingFlow"
_COMPILE_S = 60
_RELEASE = "17"
"""The oldest Java that may run the broker, and with it this program."""


def main() -> None:
    """Does not return; the broker's Java runs the program."""
    folders, classes = Folders.of(HOME), Place.of_environment().state / "classes"
    jars = ensure_jars(folders.jars, print)
    jars += ensure_jars(folders.cache / "kafka" / "streams", print, _FOLDER / "jars.lock")
    path = os.pathsep.join(map(str, jars))
    subprocess.run(
        ["javac", "--release", _RELEASE, "-cp", path, "-d", classes, _FOLDER / f"{_PROGRAM}.java"],
        check=True, timeout=_COMPILE_S,
    )  # fmt: skip
    java = str(java_program())
    sys.stdout.flush()
    os.execv(java, [java, "-cp", os.pathsep.join((path, str(classes))), _PROGRAM])  # noqa: S606  in place of this process


if __name__ == "__main__":
    main()
