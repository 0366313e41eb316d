"""Files that settings name: what is wrong with one is said of its setting when a process starts."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, ValidationError

from hub.errors import StartupError

T = TypeVar("T")


def _readable(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    return path


def _authorities(path: Path) -> Path:
    _readable(path)
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: no certificates of authorities in PEM ({error})") from None
    return path


ReadableFile = Annotated[Path, AfterValidator(_readable)]
"""It is there, and this process may read it."""
CaFile = Annotated[Path, AfterValidator(_authorities)]
"""It holds at least one certificate; read when the settings are, and again by `TrustedCa`."""


def contents(setting: str, path: Path, read: Callable[[Path], T]) -> T:
    """What `read` makes of a file; `StartupError` names the setting when it makes nothing of it."""
    try:
        return read(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise StartupError(f"{setting}: {path}: {_said(error)}") from None


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False)
        return "; ".join(f"/{'/'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in wrong)
    return f"{error}" if type(error) is ValueError else f"{type(error).__name__}: {error}"
