"""Test support: a port before a counterpart that can be shut, and that counts the calls under way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Turnstile:
    """Open, it passes bytes to the counterpart and holds each answer up a little; shut, nobody listens.

    `peak` is the most calls that were under way at once since it was opened last; an HTTP connection carries
    one call at a time.
    """

    def __init__(self, hold_s: float = 0.05) -> None:
        self.peak = 0
        self._hold_s = hold_s
        self._port = 0
        self._target = 0
        self._server: asyncio.Server | None = None
        self._busy: set[object] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    @property
    def under_way(self) -> int:
        """Connections that it passes on."""
        return len(self._tasks)

    @property
    def url(self) -> str:
        """Its address, the same each time it is opened."""
        return f"http://127.0.0.1:{self._port}"

    async def open(self, target: int) -> None:
        """Listen, and pass to this port of the counterpart."""
        self._target, self.peak = target, 0
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Cut what is under way and listen no more."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both ways until both have ended; a side that is gone ends the connection."""
        call, streams = object(), [writer]
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._target)
            streams.append(to_there)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, to_there, call))
                both.create_task(self._answer(there, writer, call))
        except* ConnectionError:
            pass
        finally:
            self._busy.discard(call)
            for stream in streams:
                stream.close()
                with contextlib.suppress(OSError):
                    await stream.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, to_there: asyncio.StreamWriter, call: object) -> None:
        while data := await reader.read(1 << 16):
            self._busy.add(call)
            self.peak = max(self.peak, len(self._busy))
            to_there.write(data)
            await to_there.drain()
        to_there.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, call: object) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await there.read(1 << 16):
                await asyncio.sleep(self._hold_s)
                self._busy.discard(call)
                writer.write(data)
                await writer.drain()
        writer.close()
