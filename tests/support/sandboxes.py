"""Test support: the port that a sandbox's process has taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

START_LIMIT_S = 20.0


async def sandbox_port(port_file: Path, process: asyncio.subprocess.Process) -> int:
    """Wait until the process has written its port."""
    async with asyncio.timeout(START_LIMIT_S):
        while (port := _read_port(port_file)) is None:
            assert process.returncode is None, "the sandbox ended at its start"
            await asyncio.sleep(0.02)
    return port


def _read_port(port_file: Path) -> int | None:
    return int(port_file.read_text(encoding="ascii")) if port_file.exists() else None
