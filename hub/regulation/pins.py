"""The data files of the regulation, each pinned by its digest: what dossiers stand under is never edited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

from hub.regulation.errors import ProfileError

LOCK = "digests.lock"
_SUFFIXES = (".toml", ".json", ".typ")


def pinned_files(folder: Traversable) -> Mapping[str, bytes]:
    """Every data file by its path below the folder.

    Raises ProfileError, naming file and digest, for one that was edited, is missing or was never pinned.
    """
    found, pins = data_files(folder), read_pins(folder)
    for path in sorted(found.keys() | pins.keys()):
        digest = _digest(found[path]) if path in found else "no file"
        pinned = pins.get(path, "no digest")
        if digest != pinned:
            raise ProfileError(
                f"{path} has {digest}, {LOCK} has {pinned}:"
                " a change of the law is a new file with a new version"
            )
    return found


def read_pins(folder: Traversable) -> Mapping[str, str]:
    """The digests of the lock by path; none where there is no lock."""
    lock = folder / LOCK
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.is_file() else []
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def pin(folder: Path) -> list[str]:
    """Write new files into the lock and give their paths; raises ProfileError for one that was edited."""
    found, pins = data_files(folder), dict(read_pins(folder))
    new = sorted(found.keys() - pins.keys())
    pins |= {path: _digest(found[path]) for path in new}
    lines = [f"{digest}  {path}\n" for path, digest in sorted(pins.items())]
    before = folder / LOCK
    old = before.read_text(encoding="utf-8") if before.is_file() else ""
    before.write_text("".join(lines), encoding="utf-8")
    try:
        pinned_files(folder)
    except ProfileError:
        before.write_text(old, encoding="utf-8")
        raise
    return new


def data_files(folder: Traversable) -> Mapping[str, bytes]:
    """Every data file by its path below the folder, pinned or not."""
    return dict(_files(folder))


def edited(folder: Traversable) -> list[str]:
    """Pinned files that are not there any more, or not as they were pinned."""
    found, pins = data_files(folder), read_pins(folder)
    return sorted(path for path in pins if path not in found or _digest(found[path]) != pins[path])


def _files(folder: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        path = f"{below}{item.name}"
        if item.is_dir():
            yield from _files(item, f"{path}/")
        elif item.name.endswith(_SUFFIXES):
            yield path, item.read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
