"""Test support: a TCP proxy before PostgreSQL that cuts a connection at a statement."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit


class CuttingProxy:
    """Watches sessions that have prepared a statement with `marker`; use as an async context manager.

    A cut before the server drops the request; a cut after it drops the server's answer, so that the client
    does not learn that its statement was committed.
    """

    def __init__(self, dsn: str, marker: bytes) -> None:
        self._parts = urlsplit(dsn)
        self._marker = marker
        self._armed: Literal["before", "after"] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.cuts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def dsn(self) -> str:
        """The DSN through the proxy."""
        port = self._server.sockets[0].getsockname()[1]
        user = self._parts.netloc.rsplit("@", 1)[0]
        return urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{port}"))

    def cut_next(self, *, after_the_server: bool) -> None:
        """Cut at the next execution of the marked statement."""
        self._armed = "after" if after_the_server else "before"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._parts.hostname, self._parts.port
        server_reader, server_writer = await asyncio.open_connection(host, port)
        is_marked = is_cutting = False

        async def upstream() -> None:
            nonlocal is_marked, is_cutting
            while data := await reader.read(1 << 16):
                if is_marked and self._armed is not None:
                    how, self._armed = self._armed, None
                    if how == "before":
                        self.cuts += 1
                        return
                    is_cutting = True
                is_marked = is_marked or self._marker in data
                server_writer.write(data)
                await server_writer.drain()

        async def downstream() -> None:
            while data := await server_reader.read(1 << 16):
                if is_cutting:
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()

        tasks = [asyncio.create_task(upstream()), asyncio.create_task(downstream())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stream in (writer, server_writer):
                stream.close()
                with contextlib.suppress(OSError):
                    await stream.wait_closed()
