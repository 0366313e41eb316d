"""Test support: wait for a condition, with a limit; never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]],
    limit_s: float,
    what: str,
    evidence: Callable[[], str] = lambda: "",
) -> None:
    """Return as soon as `condition` holds; fail with `what` and the evidence after the limit."""
    end = time.monotonic() + limit_s
    while True:
        outcome = condition()
        if await outcome if inspect.isawaitable(outcome) else outcome:
            return
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit_s} s for {what}\n{evidence()[-4000:]}")
        await asyncio.sleep(0.02)
