"""Waiting of the runtime's loops: for a bell, and through an absence of the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import TypeVar

from hub.backoff import backoff_s
from hub.delivery.errors import StoreAwayError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_BASE_S, _CAP_S = 0.1, 5.0
_random = SystemRandom()


def draw() -> float:
    """Return the jitter in [0, 1) that pure policies take as an argument."""
    return _random.random()


class Bell:
    """Wakes one loop; a ring before the wait is not lost."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop, now or at its next wait."""
        self._event.set()

    async def wait(self, limit_s: float) -> None:
        """Return at the next ring or after `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


async def patiently(action: str, work: Callable[[], Awaitable[_T]], note: Callable[[str], None]) -> _T:
    """Repeat `work` with back-off while the database is away; each repeat is logged, cancellation passes.

    `note` gets the reason of each repeat.
    """
    attempts = 0
    while True:
        try:
            return await work()
        except StoreAwayError as error:
            attempts += 1
            note(str(error))
            delay_s = backoff_s(_BASE_S, _CAP_S, attempts, draw())
            _log.warning(
                "database away",
                extra={"action": action, "code": error.code, "reason": str(error), "attempts": attempts},
            )
        await asyncio.sleep(delay_s)
