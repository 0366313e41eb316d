"""What client libraries log: each kind once in ten seconds, and what passes by itself only if it stays."""

from __future__ import annotations

import logging
import time

_QUIET_S = 10.0
_PATIENCE_S = 15.0
_PASSING = (
    "Group Coordinator Request failed",  # a broker that makes the topic of groups, at its first start
    "Marking the coordinator dead",
)
_USUAL = ("Auto create topics is disabled",)
"""What FastStream says at each start of an adapter: topics are made by `hub participants add`."""


class OncePerWhile(logging.Filter):
    """Lets a message template of a logger through when it was not seen a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._seen: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; its traceback never is."""
        if hasattr(record, "action"):  # a line of ours
            return True
        now = time.monotonic()
        kind = (record.name, str(record.msg))
        if kind[1].startswith(_USUAL) or (kind[1].startswith(_PASSING) and self._passes(kind, now)):
            return False
        if now - self._last.get(kind, -_QUIET_S) < _QUIET_S:
            return False
        self._last[kind] = now
        return True

    def _passes(self, kind: tuple[str, str], now: float) -> bool:
        """Whether it may still be over in a moment: it has not been said again and again for 15 s."""
        if now - self._seen.get(kind, -_PATIENCE_S) >= _PATIENCE_S:
            self._since[kind] = now
        self._seen[kind] = now
        return now - self._since[kind] < _PATIENCE_S


def install() -> None:
    """On every handler of the process."""
    once = OncePerWhile()
    for handler in logging.getLogger().handlers:
        handler.addFilter(once)
