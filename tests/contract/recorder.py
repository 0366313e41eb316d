"""A counterpart that answers with golden bytes and keeps the bytes that it got."""

from __future__ import annotations

import asyncio


class Recorder:
    """A plain TCP server that answers each request with the next golden body and keeps what it got."""

    def __init__(self, answers: list[bytes]) -> None:
        self.heads: list[list[str]] = []
        self.bodies: list[bytes] = []
        self._answers = answers

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-le")), 0)
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        answer = self._answers.pop(0)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
        writer.write(f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
