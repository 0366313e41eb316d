"""Test support: attacks on a door over real sockets, each from loopback addresses of its own, and bounded."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

_AGAIN_S = 0.5
_UNREAD_S = 4.0
_SMALL = 4096
_STRANGERS = tuple(f"127.0.0.{number}" for number in range(2, 12))


@dataclass(frozen=True, slots=True)
class Attack:
    """So many connections from these addresses, each of which says `begun` and holds on."""

    count: int
    begun: bytes = b""
    sources: Sequence[str] = _STRANGERS[:1]
    in_tls: bool = False
    is_narrow: bool = False


def _head(request: str, *more: str) -> bytes:
    return "\r\n".join([request, "host: door", *more, "", ""]).encode()


ATTACKS = {
    "silent": Attack(1100),
    "silent from ten addresses": Attack(1100, sources=_STRANGERS),
    "heads that never end": Attack(300, b"GET / HTTP/1.1\r\nhost: door\r\nx-long: "),
    "heads that never end from ten addresses": Attack(600, b"GET / HTTP/1.1\r\nx-long: ", _STRANGERS),
    "bodies that never come": Attack(300, _head("POST /search/call HTTP/1.1", "content-length: 1000")),
    "answers that nobody reads": Attack(
        300, _head("GET /metrics HTTP/1.1") * 50 + _head("GET /openapi.json HTTP/1.1") * 50, is_narrow=True
    ),
    "no HTTP": Attack(300, b"\x16\x03\x01\x02\x00\x01\x00"),
}
TLS_ATTACKS = {
    "silent before the handshake": Attack(1100),
    "silent before the handshake, from ten addresses": Attack(1100, sources=_STRANGERS),
    "half a handshake": Attack(300, b"\x16\x03\x01\x02\x00\x01\x00"),
    "heads that never end": Attack(150, b"GET / HTTP/1.1\r\nhost: door\r\nx-long: ", in_tls=True),
}


@asynccontextmanager
async def under(
    attack: Attack, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Keep the attack up: what the door closes is opened again soon."""
    over, held = asyncio.Event(), asyncio.Semaphore(0)
    context = tls if attack.in_tls else None
    tasks = [
        asyncio.create_task(
            _hold(attack, (host, port), attack.sources[n % len(attack.sources)], context, over, held)
        )
        for n in range(attack.count)
    ]
    try:
        async with asyncio.timeout(60):
            for _ in range(attack.count):
                await held.acquire()
        yield
    finally:
        over.set()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _hold(
    attack: Attack,
    place: tuple[str, int],
    source: str,
    tls: ssl.SSLContext | None,
    over: asyncio.Event,
    held: asyncio.Semaphore,
) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError):
            await _once(attack, place, source, tls, held)
        held.release()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await over.wait()


async def _once(
    attack: Attack, place: tuple[str, int], source: str, tls: ssl.SSLContext | None, held: asyncio.Semaphore
) -> None:
    bare = socket.socket()
    try:
        if attack.is_narrow:
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        bare.bind((source, 0))
        bare.setblocking(False)
        await asyncio.get_running_loop().sock_connect(bare, place)
        name = "127.0.0.1" if tls is not None else None
        reader, writer = await asyncio.open_connection(sock=bare, limit=_SMALL, ssl=tls, server_hostname=name)
    except BaseException:
        bare.close()
        raise
    try:
        writer.write(attack.begun)
        held.release()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UNREAD_S if attack.is_narrow else None):
                await (asyncio.Event().wait() if attack.is_narrow else reader.read())
    finally:
        writer.transport.abort()
