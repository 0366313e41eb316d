"""A sandbox's own journal: one JSON line per effect, on disk before the effect is answered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """Appends to a file and reads it back; a last line cut off by a crash is dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._entries = self._recover()
        self._file = path.open("ab", buffering=0)

    def _recover(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        raw = self._path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            self._path.write_bytes(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def recovered(self) -> list[dict[str, Any]]:
        """What stood in the file at the start."""
        return self._entries

    def append(self, entry: dict[str, Any]) -> None:
        """Write one entry and wait until it is on disk."""
        self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
