"""The body of one request: with limits of size and time, and dropped where nobody wants the rest."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from hub.gateway.problems import ProblemError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SLOWEST_BYTES_PER_S = 4096
"""A document may come as slowly as this, not slower; time in which the hub itself is slow does not count."""
_DROPPED_S = 1.0
_DROPPED_BYTES = 64 << 20


def check_plain(codings: Iterable[str]) -> None:
    """ProblemError for a body that is compressed: its digest and its limit are those of what was sent."""
    if any(part.strip().lower() not in ("", "identity") for coding in codings for part in coding.split(",")):
        raise ProblemError("http.content_encoding", ("content-encoding",), {"accept-encoding": "identity"})


class Body:
    """ASGI's `receive`; without limits set it refuses nothing. `is_whole`: nothing of it is on its way."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        self.length = int(announced) if announced.isdigit() else 0
        self.is_whole = not self.length and b"transfer-encoding" not in headers
        self._receive = receive
        self._waits_to_send = b"expect" in headers
        self._max_bytes: int | None = None
        self._end: float | None = None
        self._idle_s: float | None = None
        self._waited_s = 0.0
        self._seen = 0

    def limit(self, max_bytes: int, *, whole_s: float | None = None, idle_s: float | None = None) -> None:
        """Raises ProblemError at once for an announced length above the limit.

        `whole_s`: for all of it. `idle_s`: between two pieces, and for what comes slower than the slowest.
        """
        self._max_bytes, self._idle_s = max_bytes, idle_s
        self._end = time.monotonic() + whole_s if whole_s is not None else None
        if self.length > max_bytes:
            raise ProblemError("http.too_large")

    async def receive(self) -> MutableMapping[str, Any]:
        """The next piece; raises ProblemError for what is too large, too slow or cut off."""
        if self.is_whole:
            return await self._receive()
        started_at = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s(started_at)):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError("http.slow") from None
        self._waited_s += time.monotonic() - started_at
        if message["type"] == "http.disconnect":
            raise ProblemError("http.cut_off")
        self._seen += len(message.get("body", b""))
        if self._max_bytes is not None and self._seen > self._max_bytes:
            raise ProblemError("http.too_large")
        self.is_whole = not message.get("more_body", False)
        return message

    def _left_s(self, now_s: float) -> float | None:
        if self._end is not None:
            return max(0.0, self._end - now_s)
        if self._idle_s is None:
            return None
        slow_s = self._idle_s + self._seen / SLOWEST_BYTES_PER_S - self._waited_s
        return max(0.0, min(self._idle_s, slow_s))

    async def drop_rest(self) -> None:
        """Let the client send on for a moment: closing at once would reset it, and it would never read why.

        One that waits for `100 Continue` sends nothing.
        """
        left = 0 if self._waits_to_send else _DROPPED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DROPPED_S):
                while left > 0 and not self.is_whole:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.is_whole = not message.get("more_body", False)
