"""Test support: HTTP by hand over a bare connection, for what no decent client does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.gateways import Site, Visitor

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_SMALL = 4096


@asynccontextmanager
async def raw(site: Site, *, is_narrow: bool = False) -> AsyncIterator[Connection]:
    """A bare connection to the gateway; `is_narrow`: little is taken in before it is read."""
    address = urlsplit(await site.gateway.door())
    bare = socket.socket()
    if is_narrow:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    bare.setblocking(False)
    await asyncio.get_running_loop().sock_connect(bare, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=bare, limit=_SMALL)
    try:
        yield reader, writer
    finally:
        writer.close()


def head(visitor: Visitor | None, length: int, path: str = "/v1/events", *more: str) -> bytes:
    """The head of a POST; without a visitor it shows no token."""
    lines = [f"POST {path} HTTP/1.1", "host: gateway", f"content-length: {length}", *more]
    if visitor is not None:
        lines.append(f"authorization: Bearer {visitor.token}")
    return "\r\n".join([*lines, "content-type: application/json", "", ""]).encode()


async def answer_of(reader: asyncio.StreamReader, limit_s: float = 10) -> bytes:
    """All that comes until the connection is closed."""
    async with asyncio.timeout(limit_s):
        return await reader.read()


async def drip(connection: Connection, begun: bytes, limit_s: float = 15) -> bytes:
    """Send a beginning, then a byte now and then until the gateway answers; all that it answers."""
    reader, writer = connection
    writer.write(begun)
    answering = asyncio.create_task(_all_of(reader))
    async with asyncio.timeout(limit_s):
        while not answering.done():
            writer.write(b"x")
            await asyncio.wait([answering], timeout=0.1)
        return await answering


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """What came, also when the connection was reset because the client sent on after its answer."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := await reader.read(_SMALL):
            found += piece
    return found
