"""The end of an answer: one that comes before the end of the body ends the connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import h11

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_CLOSE = (b"connection", b"close")
_DROPPED_S = 1.0
_DROPPED_BYTES = 64 << 20


class Answer:
    """ASGI's `send` of one request."""

    def __init__(self, conn: h11.Connection, scope: Message, receive: Receive, send: Send) -> None:
        self._conn = conn
        self._scope = scope
        self._receive = receive
        self._send = send
        self._is_ending = False

    async def send(self, message: Message) -> None:
        """Send on; the last piece waits until the client has stopped sending, for a moment at most."""
        if message["type"] == "http.response.start":
            if self._conn.their_state is h11.SEND_BODY:
                self._is_ending = True
                message["headers"] = [*message.get("headers", ()), _CLOSE]
        elif self._is_ending and not message.get("more_body", False):
            self._is_ending = False
            await self._send({**message, "more_body": True})
            await self._drop_rest()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drop_rest(self) -> None:
        """Closing at once would reset a client that sends on, and it would never read why.

        One that waits for `100 Continue` sends nothing.
        """
        is_sent = not any(name == b"expect" for name, _ in self._scope["headers"])
        left = _DROPPED_BYTES if is_sent else 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DROPPED_S):
                while left > 0 and self._conn.their_state is h11.SEND_BODY:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if message["type"] == "http.disconnect":
                        return
