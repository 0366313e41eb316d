"""Test support: what others than the owner may read."""

from __future__ import annotations

import stat
from pathlib import Path


def open_to_others(folder: Path) -> list[str]:
    """What lies in a folder, however deep, and has a right for anybody but its owner."""
    found = []
    for path in folder.rglob("*"):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISLNK(mode) and mode & 0o077:
            found.append(str(path.relative_to(folder)))
    return sorted(found)
