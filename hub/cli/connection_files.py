"""A participant's connection as files that only their owner can read, instead of passwords on a screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import StartupError
from hub.facts.private_file import write_private


@dataclass(frozen=True, slots=True)
class File:
    """What is in a file, and who reads it."""

    text: str
    reader: str


@dataclass(frozen=True, slots=True)
class Files:
    """A connection: what is said of it without any secret, and its files by name."""

    where: str
    files: Mapping[str, File]

    def write(self, folder: Path) -> str:
        """Write them anew, mode 0600, and tell where they are; `StartupError` where that cannot be done."""
        try:
            for name, file in self.files.items():
                write_private(folder / name, file.text)
        except OSError as error:
            raise _unwritable(folder, error.strerror) from None
        return "\n".join(
            (self.where, *(f"{folder / name}: {file.reader}" for name, file in self.files.items()))
        )


def check_folder(folder: Path | None) -> None:
    """Make the folder, before a secret is drawn that could not be written; else `StartupError`."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, "it cannot be written to")


def _unwritable(folder: Path, why: str | None) -> StartupError:
    return StartupError(f"--into {folder}: {why}")
