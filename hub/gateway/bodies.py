"""The body of one request, with limits of size and time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from hub.gateway.problems import ProblemError
from hub.http.answer import Message, Receive
from hub.http.limits import SLOWEST_BYTES_PER_S
from schemas.receipt import Fault


def check_plain(codings: Iterable[str]) -> None:
    """ProblemError for a body that is compressed: its digest and its limit are those of what was sent."""
    if any(part.strip().lower() not in ("", "identity") for coding in codings for part in coding.split(",")):
        fault = Fault(path="content-encoding", reason="choice", choices=("identity",))
        raise ProblemError("http.content_encoding", headers={"accept-encoding": "identity"}, faults=(fault,))


class Body:
    """ASGI's `receive`; without limits set it refuses nothing. `is_whole`: nothing of it is on its way."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        self.length = int(announced) if announced.isdigit() else 0
        self.is_whole = not self.length and b"transfer-encoding" not in headers
        self._receive = receive
        self._max_bytes: int | None = None
        self._end: float | None = None
        self._idle_s: float | None = None
        self._waited_s = 0.0
        self._seen = 0

    def limit(self, max_bytes: int, *, whole_s: float | None = None, idle_s: float | None = None) -> None:
        """Raises ProblemError at once for an announced length above the limit.

        `whole_s`: for all of it. `idle_s`: between two pieces, and for what comes slower than the slowest;
        time in which the hub itself is slow does not count.
        """
        self._max_bytes, self._idle_s = max_bytes, idle_s
        self._end = time.monotonic() + whole_s if whole_s is not None else None
        if self.length > max_bytes:
            raise ProblemError("http.too_large")

    async def receive(self) -> Message:
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
