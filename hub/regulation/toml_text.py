"""Reads TOML that operators write: whatever is wrong with it is a TOMLDecodeError."""

from __future__ import annotations

import tomllib
from typing import Any


def load_toml(text: str) -> dict[str, Any]:
    """As `tomllib.loads`, which raises something else for numbers without end and lists without bottom."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise tomllib.TOMLDecodeError(str(error)) from None
