"""The port that tests shut before a counterpart leaves nothing behind when one of the two sides is gone."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.turnstile import Turnstile
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="function")
"""A loop of their own: on that of all tests, what others have left behind would be told here."""

_RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER` of a socket whose close is a reset."""


@pytest_asyncio.fixture(loop_scope="function")
async def told() -> AsyncIterator[list[dict[str, Any]]]:
    """What the loop tells of tasks and sockets that nobody looked after."""
    found: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(context))
    yield found
    loop.set_exception_handler(None)


async def test_a_counterpart_that_is_away_is_a_connection_that_ends(told: list[dict[str, Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    async with Turnstile() as gate:
        await gate.open(port)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.url.rsplit(":", 1)[1]))
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await writer.wait_closed()
    gc.collect()
    assert told == []


async def test_a_caller_who_resets_ends_the_call_and_nothing_else(told: list[dict[str, Any]]) -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as counterpart, Turnstile(0) as gate:
        await gate.open(counterpart.sockets[0].getsockname()[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.url.rsplit(":", 1)[1]))
        writer.write(b"call")
        assert await asyncio.wait_for(reader.readexactly(4), 10) == b"call"
        assert gate.peak == 1
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 10)
        await eventually(lambda: gate.under_way == 0, 10, "the turnstile to let go of the connection")
    gc.collect()
    assert told == []
