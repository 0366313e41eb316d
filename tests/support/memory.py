"""Test support: folders that lie in memory, for the data of servers that live no longer than a run.

Databases and topics of a test's own are thousands of small files, made and deleted again: on a disk a fifth
of a run's processor time goes into its file system. A process that is killed loses nothing there either.
"""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

import psutil

_PLACE = Path("/dev/shm")  # noqa: S108 - what is made there is looked at, and is closed to others
_ENOUGH_BYTES = 4 * 1024**3
"""Free memory with which a stack may lie there; it takes a fourth of that at its most."""


def lead_into(path: Path) -> bool:
    """Make `path` an empty folder, in memory by a link; without enough of it on the disk, and False."""
    _remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = _PLACE / f"hub-{os.getuid()}-{sha256(str(path).encode()).hexdigest()[:12]}"
    if not _has_room():
        path.mkdir()
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o711)  # somebody else's folder of this name ends the run here
    path.symlink_to(folder, target_is_directory=True)
    return True


def give_back(path: Path, *, keep: str) -> None:
    """Free the memory of a folder that `lead_into` made; `path` has on the disk what is to be kept of it."""
    folder = path.resolve()
    path.unlink()
    path.mkdir()
    if (folder / keep).exists():
        shutil.copytree(folder / keep, path / keep)
    shutil.rmtree(folder)


def _remove(path: Path) -> None:
    if path.is_symlink():
        shutil.rmtree(path.resolve(), ignore_errors=True)
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _has_room() -> bool:
    """Memory that nobody needs, and a place for files in it that may grow so far."""
    if not _PLACE.is_dir():
        return False
    return min(shutil.disk_usage(_PLACE).free, psutil.virtual_memory().available) >= _ENOUGH_BYTES
