"""The limit of one provider: so many sendings a second, each in its turn."""

from __future__ import annotations

import asyncio
from typing import Final

_LONGEST_S: Final = 5.0
"""Who would wait longer gives its place to others."""


class Pace:
    """Turns at even intervals; without a limit nobody waits."""

    def __init__(self, per_s: float | None) -> None:
        self._interval_s = 1 / per_s if per_s is not None else 0.0
        self._next = 0.0

    async def turn(self) -> float:
        """Wait for a turn; seconds until there may be one when that would be too long, else 0."""
        now = asyncio.get_running_loop().time()
        wait_s = max(self._next - now, 0.0)
        if wait_s > _LONGEST_S:
            return wait_s
        self._next = now + wait_s + self._interval_s
        if wait_s:
            await asyncio.sleep(wait_s)
        return 0.0
