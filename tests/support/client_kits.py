"""Test support: SDKs that only tests of foreign clients use, fetched once into the cache, pinned by hash."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from hub.embedded.jars import ensure_jars
from hub.embedded.state import Folders
from tests.support.stack import REPOSITORY, shared_home

SDKS = REPOSITORY / "tests" / "support" / "sdks"
CLIENTS = REPOSITORY / "examples" / "clients"
_FETCH_S = 150


def python_packages() -> Path:
    """A folder for `PYTHONPATH` with the SDK of CloudEvents and two readers of event streams."""
    lock = SDKS / "requirements.lock"

    def fill(folder: Path) -> None:
        _run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
             "--no-deps", "--require-hashes", "--target", str(folder), "-r", str(lock)], folder,
        )  # fmt: skip

    return _kit("python", [lock], fill)


def node_modules() -> Path:
    """The `node_modules` of the JavaScript sample: SDK and Kafka client."""
    files = [CLIENTS / "javascript" / name for name in ("package.json", "package-lock.json")]

    def fill(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], folder)

    return _kit("node", files, fill) / "node_modules"


def java_class_path() -> str:
    """The jars of Kafka, and of the SDK of CloudEvents."""
    lock = CLIENTS / "java" / "jars.lock"
    kafka = ensure_jars(Folders.of(shared_home()).jars, print)

    def fill(folder: Path) -> None:
        ensure_jars(folder, print, lock)

    folder = _kit("java", [lock], fill)
    return os.pathsep.join(str(path) for path in (*kafka, *sorted(folder.glob("*.jar"))))


def _kit(name: str, locks: list[Path], fill: Callable[[Path], None]) -> Path:
    """The folder of this kit in this version: filled by the first who needs it, whole or not there."""
    digest = sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:12]
    cache = Folders.of(shared_home()).cache / "sdks"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{digest}"
    with _alone(cache / f"{name}.lock"):
        if not folder.exists():
            begun = cache / f"{name}-{digest}.{os.getpid()}"
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            fill(begun)
            begun.replace(folder)
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_FETCH_S)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"
