"""Embedded stack: fetches the locked Kafka jars once and checks their hashes before each start."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hub.embedded.lock import LockedJar, parse_lock, render_lock
from hub.errors import StartupError

LOCK_FILE = Path(__file__).with_name("kafka-jars.lock")

# kafka-clients is named because the resolver otherwise takes 3.9.1: the broker dies with NoSuchMethodError.
ROOTS = (
    "org.apache.kafka:kafka_2.13:4.2.0",
    "org.apache.kafka:kafka-clients:4.2.0",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
)
_PARALLEL_DOWNLOADS = 6
_PROGRESS_EVERY = 10
_TIMEOUT_S = 30


def ensure_jars(jars_dir: Path, progress: Callable[[str], None], lock_file: Path = LOCK_FILE) -> list[Path]:
    """Return the paths of all locked jars, each present and of the locked hash.

    Missing jars are fetched from Maven; a jar of another hash raises StartupError and is left as it is.
    """
    try:
        locked = parse_lock(lock_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StartupError(f"{lock_file.name}: {error}") from error
    jars_dir.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in locked if not (jars_dir / jar.filename).exists()]
    if missing:
        _fetch(missing, jars_dir, progress)
    for jar in locked:
        _check(jars_dir / jar.filename, jar)
    return [jars_dir / jar.filename for jar in locked]


def regenerate_lock(lock_file: Path = LOCK_FILE) -> int:
    """Resolve the roots and their dependencies anew, write the lock file, and return the number of jars."""
    from jgo import resolve  # noqa: PLC0415 - slow to import, and only needed when something is fetched

    with _download_folder(None) as folder, _network_errors("Kafka's dependencies"):
        artifacts = resolve("+".join(ROOTS))
        unlocked = [
            LockedJar("", f"{a.artifactId}-{a.version}.jar", a.groupId, a.artifactId, a.version)
            for a in artifacts
            if a.packaging == "jar" and not a.classifier
        ]
        with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            paths = list(pool.map(lambda jar: _download(jar, folder), unlocked))
        locked = [
            LockedJar(_sha256(path), jar.filename, jar.group, jar.artifact, jar.version)
            for jar, path in zip(unlocked, paths, strict=True)
        ]
    lock_file.write_text(render_lock(locked), encoding="utf-8")
    return len(locked)


def _fetch(missing: list[LockedJar], jars_dir: Path, progress: Callable[[str], None]) -> None:
    def fetch_one(jar: LockedJar) -> LockedJar:
        path = _download(jar, folder)
        _check(path, jar)
        path.replace(jars_dir / jar.filename)
        return jar

    progress(f"Kafka: fetching {len(missing)} jars")
    with _download_folder(jars_dir) as folder, ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        try:
            for done, jar in enumerate(pool.map(fetch_one, missing), start=1):
                if done % _PROGRESS_EVERY == 0 or done == len(missing):
                    progress(f"Kafka: jar {done} of {len(missing)}: {jar.artifact}")
        finally:
            pool.shutdown(cancel_futures=True)


def _download(jar: LockedJar, folder: Path) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import, and only needed when something is fetched

    with _network_errors(jar.coordinate):
        context = MavenContext(repo_cache=folder, timeout=_TIMEOUT_S)
        return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()


@contextmanager
def _download_folder(parent: Path | None) -> Iterator[Path]:
    # jgo writes straight to the final name, so a killed download must not be taken for a finished one.
    folder = Path(tempfile.mkdtemp(prefix="download-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _network_errors(what: str) -> Iterator[None]:
    try:
        yield
    except (
        OSError,
        RuntimeError,
    ) as error:  # requests' errors are OSErrors; jgo says "not found" by RuntimeError
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise StartupError(f"network: cannot fetch {what} from the Maven repository: {reason}") from error


def _check(path: Path, jar: LockedJar) -> None:
    if _sha256(path) != jar.sha256:
        raise StartupError(
            f"{path}: SHA-256 differs from {LOCK_FILE.name} ({jar.coordinate}); "
            "delete the file to fetch it again, and find out who changed it"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
