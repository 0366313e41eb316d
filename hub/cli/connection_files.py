"""A participant's connection as files that only their owner can read, instead of passwords on a screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import StartupError


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
        told = [self.where]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, file in self.files.items():
                path = folder / name
                path.unlink(missing_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as written:
                    written.write(file.text)
                told.append(f"{path}: {file.reader}")
        except OSError as error:
            raise StartupError(f"--into {folder}: {error.strerror}") from None
        return "\n".join(told)
