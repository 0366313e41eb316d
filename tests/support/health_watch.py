"""Test support: what `/livez` and `/readyz` of processes said, look by look."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """One answer; `at` is monotonic and stands before the question."""

    at: float
    process: str
    is_alive: bool
    is_ready: bool
    reason: str | None
    impaired: tuple[str, ...]


@dataclass(slots=True)
class HealthWatch:
    """Looks at each process twice a second."""

    processes: Sequence[HubProcess]
    looks: list[Look] = field(default_factory=list)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look until the end of the block."""
        tasks = [asyncio.create_task(self._look(process)) for process in self.processes]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def between(self, start: float, end: float) -> list[Look]:
        """The looks that began in this span of monotonic time."""
        return [look for look in self.looks if start <= look.at <= end]

    async def _look(self, process: HubProcess) -> None:
        url = await process.url()
        async with plain_http(20) as client:
            while True:
                self.looks.append(await look(client, url, process.name))
                await asyncio.sleep(LOOK_S)


async def look(client: httpx.AsyncClient, url: str, name: str) -> Look:
    """Ask once."""
    at = time.monotonic()
    alive, ready = await client.get(f"{url}/livez"), await client.get(f"{url}/readyz")
    told = ready.json()
    return Look(
        at, name, alive.status_code == 200, ready.status_code == 200, told["reason"], tuple(told["impaired"])
    )


async def health_of(process: HubProcess) -> Look:
    """What the process says now."""
    async with plain_http(20) as client:
        return await look(client, await process.url(), process.name)
