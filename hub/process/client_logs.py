"""Keeps an outage from filling the log: each kind of message of a client library once in ten seconds."""

from __future__ import annotations

import logging
import time

_QUIET_S = 10.0


class OncePerWhile(logging.Filter):
    """Lets a message template of a logger through when it was not seen a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; its traceback never is."""
        now = time.monotonic()
        kind = (record.name, str(record.msg))
        if now - self._last.get(kind, -_QUIET_S) < _QUIET_S:
            return False
        self._last[kind] = now
        return True


def install() -> None:
    """On every handler of the process."""
    once = OncePerWhile()
    for handler in logging.getLogger().handlers:
        handler.addFilter(once)
