"""One engine process of the hub with the core job instead of the dossier's rules; nothing else differs."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from bench.core_job import CoreRules
from hub.engine.role import run_engine
from hub.logs import name_process
from hub.regulation.lawbook import load_book
from hub.settings import read_settings


async def main() -> None:
    """Run until SIGTERM."""
    settings = read_settings()
    name_process("engine", settings.engine.instance)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_engine(settings, stop, rules=CoreRules(load_book(settings.profile, settings.regulation)))


if __name__ == "__main__":
    uvloop.run(main())
