"""How many bytes of bodies are held in memory at once: of all, and of one participant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hub.gateway.problems import ProblemError

_SHARES = 4
"""One participant holds at most this part of the room; a single body always has its place."""


class Room:
    """Bytes that are taken before a body is read, and given back when its request ends."""

    def __init__(self, most_bytes: int) -> None:
        self._free = most_bytes
        self._share = most_bytes // _SHARES
        self._held: Counter[str] = Counter()

    @contextmanager
    def held(self, participant: str, size: int) -> Iterator[None]:
        """Hold so many bytes for a body; ProblemError when they are not there now."""
        is_over = self._held[participant] and self._held[participant] + size > self._share
        if is_over or size > self._free:
            raise ProblemError("http.too_much_at_once", headers={"retry-after": "1"})
        self._free -= size
        self._held[participant] += size
        try:
            yield
        finally:
            self._free += size
            self._held[participant] -= size
            if not self._held[participant]:
                del self._held[participant]
