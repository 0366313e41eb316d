"""A sandbox started by a test: its process, its address, its journal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

START_LIMIT_S: Final = 20.0
_JOURNAL: Final = "journal.jsonl"


async def sandbox_port(port_file: Path, process: asyncio.subprocess.Process) -> int:
    """Wait until the process has written its port."""
    async with asyncio.timeout(START_LIMIT_S):
        while (port := _read_port(port_file)) is None:
            if process.returncode is not None:
                raise RuntimeError("the sandbox ended at its start")
            await asyncio.sleep(0.02)
    return port


@asynccontextmanager
async def sandbox_process(
    module: str, folder: Path, *options: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Start `module`, with its journal in `folder`; yield its address and its process."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    files = ("--journal", str(folder / _JOURNAL), "--port-file", str(port_file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *files, *options, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{await sandbox_port(port_file, process)}", process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def journal_of(folder: Path) -> list[dict[str, Any]]:
    """Every line that the sandbox in `folder` has journaled."""
    return [json.loads(line) for line in (folder / _JOURNAL).read_text(encoding="utf-8").splitlines()]


def _read_port(port_file: Path) -> int | None:
    return int(port_file.read_text(encoding="ascii")) if port_file.exists() else None
