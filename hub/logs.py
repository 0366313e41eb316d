"""Logs: one JSON line a step, with `action` and ids; never a payload, never personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from hub.visible import visible_json

_context: dict[str, str] = {}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def name_process(role: str, instance: str) -> None:
    """Say once who writes the lines of this process, and write the lines of libraries in the same form."""
    _context.update(role=role, instance=instance)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "uvicorn", "aiokafka.consumer.group_coordinator"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def log(action: str, **ids: str | float | bool | None) -> None:
    """Write one line to standard error; `ids` are ids, counts and stable codes only."""
    _write({"time": _now(), "action": action, **_context, **ids})


def place_of(error: BaseException) -> str:
    """Return an error's type and the line that raised it, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}"


class _JsonLines(logging.Formatter):
    """A record of `logging`: `extra` gives `action` and ids; of an exception the type and place are kept."""

    def format(self, record: logging.LogRecord) -> str:
        extra: dict[str, Any] = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = {
            "time": _now(),
            "action": extra.pop("action", "library"),
            **_context,
            "level": record.levelname,
        }
        if line["action"] == "library":
            line |= {"logger": record.name, "text": record.getMessage()[:300]}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
        return visible_json(orjson.dumps(line | extra, default=str).decode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _write(line: dict[str, object]) -> None:
    sys.stderr.write(visible_json(orjson.dumps(line).decode()) + "\n")
    sys.stderr.flush()
