"""The pool of allotted waybills of one account (generation C): each order keeps the one it was given."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import BinaryIO, Final

_TAKEN: Final = ".taken"


class WaybillPool:
    """Waybills of a file, one a line, and beside it the record of who has which; blocks for the disk.

    Safe between processes of one machine that share the files: each step holds a lock on the record and is
    on disk before it is used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._record = path.with_name(path.name + _TAKEN)

    def take(self, order: str) -> str | None:
        """The waybill of an order, always the same one; None when the pool is used up."""
        with self._record.open("a+b") as record:
            fcntl.flock(record, fcntl.LOCK_EX)
            held = _read(record)
            if order in held:
                return held[order]
            taken = set(held.values())
            free = next((code for code in self._allotted() if code not in taken), None)
            if free is not None:
                _append(record.fileno(), {"order": order, "waybill": free})
            return free

    def give_back(self, order: str) -> None:
        """Free the waybill of an order that the operator has refused."""
        with self._record.open("a+b") as record:
            fcntl.flock(record, fcntl.LOCK_EX)
            if order in _read(record):
                _append(record.fileno(), {"order": order, "waybill": None})

    def _allotted(self) -> list[str]:
        lines = self._path.read_text(encoding="ascii").splitlines()
        return [line.strip() for line in lines if line.strip()]


def _append(descriptor: int, entry: dict[str, str | None]) -> None:
    # A line that a crash cut off ends here and is passed over by the next reading.
    os.write(descriptor, b"\n" + json.dumps(entry).encode() + b"\n")
    os.fsync(descriptor)


def _read(record: BinaryIO) -> dict[str, str]:
    record.seek(0)
    held: dict[str, str] = {}
    for line in record.read().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["waybill"] is None:
            held.pop(entry["order"], None)
        else:
            held[entry["order"]] = entry["waybill"]
    return held
