"""Ledger: JSON lines that are on disk before anything follows from them; a line torn by a kill is dropped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; none when there is no file yet."""
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    return [orjson.loads(line) for line in whole.splitlines() if line]


class Journal:
    """Appends lines; what stood in the file at the start is in `recovered`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.recovered = read_lines(path)
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rpartition(b"\n")
        self._file.truncate(len(whole[0] + whole[1]))

    def write(self, lines: Iterable[dict[str, Any]], *, is_synced: bool = True) -> None:
        """Append lines in one write; returns when they are on disk, unless `is_synced` is False."""
        encoded = b"".join(self.encode(line) + b"\n" for line in lines)
        if not encoded:
            return
        self._file.write(encoded)
        if is_synced:
            os.fdatasync(self._file.fileno())

    @staticmethod
    def encode(line: dict[str, Any]) -> bytes:
        """One line without its end."""
        return orjson.dumps(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
