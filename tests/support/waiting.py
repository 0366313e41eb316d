"""Test support: wait for a condition, with a limit; never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

PATIENCE = 4.0
"""Limits are written for a quiet machine; how often a busy one may need them, before it is a fault."""


def within(limit_s: float) -> asyncio.Timeout:
    """`TimeoutError` where something takes longer than `limit_s` on a busy machine."""
    return asyncio.timeout(limit_s * PATIENCE)


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]],
    limit_s: float,
    what: str,
    evidence: Callable[[], str] = lambda: "",
) -> None:
    """Return as soon as `condition` holds; fail with `what` and the evidence after the limit."""
    end = time.monotonic() + limit_s * PATIENCE
    while True:
        outcome = condition()
        if await outcome if inspect.isawaitable(outcome) else outcome:
            return
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit_s * PATIENCE:.0f} s for {what}\n{evidence()[-20_000:]}")
        await asyncio.sleep(0.02)
