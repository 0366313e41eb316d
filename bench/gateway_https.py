"""The way over HTTPS: a kept connection per client, HTTP/1.1 by hand, so that the load costs little."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bench.events import event_headers
from bench.gateway_requests import Answer
from bench.product_events import Planned

_LIMIT_S = 60.0
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """One connection of one client; one exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def exchange(self, request: bytes) -> Reply:
        """Send a request and read its answer; raises `RuntimeError` when the gateway hangs up."""
        self._writer.write(request)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")[:-2]
            pairs = (line.split(":", 1) for line in lines)
            headers = {name.lower(): content.strip() for name, content in pairs}
            body = await self._reader.readexactly(int(headers["content-length"]))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise RuntimeError(f"the gateway hung up: {type(error).__name__}") from None
        return Reply(int(first.split(" ", 2)[1]), headers, body)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()


class HttpsDoor:
    """Posts each request in binary mode; use as an async context manager."""

    def __init__(self, port: int, root_file: Path, participant: str, token: str, clients: int) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=root_file)
        self._participant = participant
        self._always = f"host: {_HOST}:{port}\r\nauthorization: Bearer {token}\r\n"
        self._clients = clients
        self._lines: Sequence[Line] = ()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._lines = [await self._open() for _ in range(self._clients)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> Line:
        line = Line(*await asyncio.open_connection(_HOST, self._port, ssl=self._context))
        self._stack.push_async_callback(line.close)
        return line

    async def ask(self, client: int, planned: Planned) -> Answer:
        """Post; after a 202 ask at the receipt's URL until it is there."""
        line = self._lines[client]
        async with asyncio.timeout(_LIMIT_S):
            reply = await line.exchange(self._post(planned))
            is_late = reply.status == 202
            url = reply.headers.get("location", "")
            while reply.status in (202, 404) and is_late:
                reply = await line.exchange(self._get(f"{url}?wait=10"))
        if reply.status != 200:
            raise RuntimeError(f"the gateway answered {reply.status}: {reply.body[:300]!r}")
        body = orjson.loads(reply.body)
        is_refused = ".refused." in reply.headers["ce-type"]
        return Answer(body["request"], body["code"] if is_refused else None, is_late)

    def _post(self, planned: Planned) -> bytes:
        time = datetime.now(UTC).isoformat(timespec="seconds")
        pairs = event_headers(planned.event, planned.type, self._participant, time)
        headers = "".join(f"{name.replace('_', '-')}: {raw.decode()}\r\n" for name, raw in pairs)
        value = planned.event.value
        length = f"content-length: {len(value)}\r\n"
        return f"POST /v1/events HTTP/1.1\r\n{self._always}{headers}{length}\r\n".encode() + value

    def _get(self, url: str) -> bytes:
        return f"GET {url} HTTP/1.1\r\n{self._always}\r\n".encode()
