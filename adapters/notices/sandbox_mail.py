"""A stand-in of a mail server: takes every e-mail over SMTP (RFC 5321) and keeps it as a file; no TLS."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NOBODY: Final = "nobody@"
"""Addresses that begin so do not exist here."""
_ADDRESS: Final = re.compile(r"<([^<>\s]*)>")
_LIMIT_S: Final = 60.0
_LONGEST_LINE: Final = 1 << 16
Keep = Callable[[str, str, bytes], str]


class MailBox:
    """Files `000001.eml` and so on, written before the sender is answered; one e-mail for each Message-ID."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._known = {_identity(path.read_bytes()): path.stem for path in sorted(folder.glob("*.eml"))}

    def keep(self, sender: str, to: str, content: bytes) -> str:
        """The number under which it is kept."""
        del sender, to
        identity = _identity(content)
        if identity not in self._known:
            number = f"{len(self._known) + 1:06}"
            (self._folder / f"{number}.eml").write_bytes(content)
            self._known[identity] = number
        return self._known[identity]


def _identity(content: bytes) -> bytes:
    found = re.search(rb"^Message-ID:\s*(\S+)", content, re.MULTILINE | re.IGNORECASE)
    return found[1] if found is not None else content


class MailServer:
    """One conversation for each connection."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    async def serve(self, port: int) -> None:
        """Listen on 127.0.0.1 until cancelled."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", port, limit=_LONGEST_LINE)
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LIMIT_S):
                await _Conversation(reader, writer, self._keep).run()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            pass  # the client went away, or speaks no SMTP
        finally:
            writer.close()


class _Conversation:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: Keep) -> None:
        self._reader = reader
        self._writer = writer
        self._keep = keep
        self._sender = ""
        self._to = ""

    async def run(self) -> None:
        await self._say("220 sandbox ESMTP")
        while line := (await self._reader.readline()).decode("ascii", "replace").strip():
            word = line.partition(" ")[0].upper()
            match word:
                case "EHLO":
                    await self._say("250-sandbox", "250 SIZE 20000000")
                case "HELO" | "NOOP" | "RSET":
                    await self._say("250 Ok")
                case "MAIL":
                    self._sender = _address(line)
                    await self._say("250 2.1.0 Ok")
                case "RCPT":
                    await self._recipient(_address(line))
                case "DATA":
                    await self._text()
                case "QUIT":
                    await self._say("221 2.0.0 Bye")
                    return
                case _:
                    await self._say("502 5.5.2 Unknown")

    async def _recipient(self, to: str) -> None:
        if to.startswith(_NOBODY):
            await self._say("550 5.1.1 No such user")
            return
        self._to = to
        await self._say("250 2.1.5 Ok")

    async def _text(self) -> None:
        if not self._to:
            await self._say("503 5.5.1 Nobody to send it to")
            return
        await self._say("354 Go on")
        lines = []
        while (line := await self._reader.readline()) not in {b".\r\n", b".\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        number = self._keep(self._sender, self._to, b"".join(lines))
        self._to = ""
        await self._say(f"250 2.0.0 Ok: queued as M{number}")

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


def _address(line: str) -> str:
    found = _ADDRESS.search(line)
    return found[1] if found is not None else ""
