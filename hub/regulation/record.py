"""Reads one raw JSON object field by field, and notes what is not as it should be instead of failing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ImportNote:
    """What an import could not use, or used with a doubt; `path` leads into the record."""

    code: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object of a record with the path to it; notes of all nodes of a record go to one list."""

    value: dict[str, Any]
    path: str
    code: str
    notes: list[ImportNote]

    def note(self, reason: str, key: str = "") -> None:
        """Record that something here could not be used."""
        self.notes.append(
            ImportNote(self.code, f"{self.path}.{key}".strip(".") if key else self.path, reason)
        )

    def raw(self, key: str) -> Any:
        """The value as it stands, or None."""
        return self.value.get(key)

    def text(self, key: str) -> str:
        """The value as one line in Unicode NFC; empty, with a note, when it is no text."""
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.note("is not text", key)
            return ""
        return " ".join(unicodedata.normalize("NFC", value).split())

    def flag(self, key: str) -> bool:
        """True only for a true value; anything but true and false is noted."""
        value = self.value.get(key)
        if not isinstance(value, bool) and value is not None:
            self.note("is neither true nor false", key)
        return value is True

    def count(self, key: str) -> int:
        """A whole number from 0; 0, with a note, for anything else."""
        value = self.value.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self.note("is not a whole number from 0", key)
        return 0

    def child(self, key: str) -> Self | None:
        """The object under this key; None, with a note, when there is something else."""
        value = self.value.get(key)
        if isinstance(value, dict):
            return type(self)(value, f"{self.path}.{key}".strip("."), self.code, self.notes)
        if value is not None:
            self.note("is not an object", key)
        return None

    def children(self, key: str) -> Iterator[Self]:
        """The objects of the list under this key; anything else is noted and left out."""
        items = self.value.get(key)
        if items is None:
            return
        if not isinstance(items, list):
            self.note("is not a list", key)
            return
        for index, item in enumerate(items):
            path = f"{self.path}.{key}[{index}]".strip(".")
            if isinstance(item, dict):
                yield type(self)(item, path, self.code, self.notes)
            else:
                self.notes.append(ImportNote(self.code, path, "is not an object"))
