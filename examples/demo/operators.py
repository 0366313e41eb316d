"""The operators of the hub: commands as they type them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

from hub.errors import StartupError


async def command(environment: Mapping[str, str], *words: str) -> str:
    """What `hub WORDS` prints; `StartupError` where it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.cli.main", *words),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise StartupError(f"hub {' '.join(words[:2])}: {said.decode().strip()}")
    return said.decode().strip()
