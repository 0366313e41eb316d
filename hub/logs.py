"""Logs: one JSON line a step, with `action` and ids; never a payload, never personal data."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import orjson

_context: dict[str, str] = {}


def name_process(role: str, instance: str) -> None:
    """Say once who writes the lines of this process."""
    _context.update(role=role, instance=instance)


def log(action: str, **ids: str | float | bool | None) -> None:
    """Write one line to standard error; `ids` are ids, counts and stable codes only."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "action": action, **_context, **ids}
    sys.stderr.write(orjson.dumps(line).decode() + "\n")
    sys.stderr.flush()
