"""The reference: the same calls by a plain httpx loop straight at the stand-in; nothing is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import httpx

from bench.deliveries_kind import Call

_TIMEOUT_S = 30.0


def client() -> httpx.AsyncClient:
    """The same client as the adapters use."""
    return httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False)


async def run_loop(
    http: httpx.AsyncClient, deliveries: Sequence[Sequence[Call]], concurrency: int
) -> list[float]:
    """Make all calls, so many deliveries at once; the moments at which deliveries were done.

    Raises `RuntimeError` for an answer that was not expected.
    """
    left, moments = iter(deliveries), list[float]()
    tasks = [asyncio.create_task(_work(http, left, moments)) for _ in range(concurrency)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return moments


async def _work(http: httpx.AsyncClient, left: Iterator[Sequence[Call]], moments: list[float]) -> None:
    for calls in left:
        for call in calls:
            reply = await http.post(call.url, content=call.content, headers=dict(call.headers))
            if reply.status_code != 200 or not any(text in reply.content for text in call.expected):
                raise RuntimeError(f"the stand-in answered {reply.status_code}: {reply.content[:300]!r}")
        moments.append(time.perf_counter())
