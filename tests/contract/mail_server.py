"""A real SMTP server in a process: `python -m tests.contract.mail_server FOLDER [CERTIFICATE KEY]`.

What it takes stands in FOLDER/journal.jsonl, with its time, before it answers. FOLDER/faults.json names a
step (`rcpt`, `data`, `after_data`) and what is answered there, once; `drop` cuts the connection, and `hold`
answers after a minute. `--port` names where it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Handler:
    """Takes mail into the journal, or fails as the file says."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "journal.jsonl"
        self._faults = folder / "faults.json"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One recipient."""
        answer = await self._fault("rcpt", server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """One text."""
        if (answer := await self._fault("data", server)) is not None:
            return answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        entry = {
            "at": time.time(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "is_encrypted": session.ssl is not None,
            "content": content.decode(),
        }
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return await self._fault("after_data", server) or "250 2.0.0 Ok: queued as 4XyZ07Q"

    async def _fault(self, step: str, server: SMTP) -> str | None:
        if not self._faults.exists():
            return None
        faults: dict[str, str] = json.loads(self._faults.read_text("utf-8"))
        answer = faults.get(step)
        if answer is not None:
            self._faults.unlink()
        if answer == "drop":
            transport: Any = server.transport
            transport.abort()
        if answer == "hold":
            await asyncio.sleep(60)
        return answer


async def main(folder: Path, pair: list[str], port: int) -> None:
    """Listen on 127.0.0.1 until it is killed."""
    context = None
    if pair:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*pair)

    def protocol() -> SMTP:
        return SMTP(Handler(folder), tls_context=context, require_starttls=context is not None)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    fresh = folder / "port.new"
    fresh.write_text(str(server.sockets[0].getsockname()[1]), encoding="ascii")
    fresh.replace(folder / "port")
    await server.serve_forever()


if __name__ == "__main__":
    os.umask(0o077)
    parser = argparse.ArgumentParser("tests.contract.mail_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pair", nargs="*")
    options = parser.parse_args()
    asyncio.run(main(options.folder, options.pair, options.port))
