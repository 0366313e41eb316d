"""Files that only the user of the process can read."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: str | bytes, *, is_new: bool = False) -> None:
    """Write a file of mode 0600; one that is there is written anew, or (`is_new`) is a `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_new:
        path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
