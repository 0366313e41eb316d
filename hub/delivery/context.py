"""What the loops of one adapter share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from hub.delivery.adapter import Adapter
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.progress import Part, Progress
from hub.delivery.store import DeliveryStore
from hub.delivery.throttle import Throttle
from hub.delivery.waiting import Bell, patiently

_T = TypeVar("_T")
Clock = Callable[[], datetime]
AskTime = Callable[[], Awaitable[datetime]]


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


async def machine_time() -> datetime:
    """Return the machine's time to who asks for legal time."""
    return utc_now()


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """Composition of one adapter's runtime; `clock` gives the legal time of what is reported.

    `prefix` stands before every topic and group of this hub.
    """

    adapter: Adapter
    store: DeliveryStore
    gate: Throttle
    options: DeliveryOptions
    metrics: DeliveryMetrics
    environment: str
    clock: Clock
    stop: asyncio.Event
    prefix: str = ""
    progress: Progress = field(default_factory=Progress)
    deliveries: Bell = field(default_factory=Bell)
    reports: Bell = field(default_factory=Bell)
    polls: Bell = field(default_factory=Bell)
    upkeep: Bell = field(default_factory=Bell)
    sweeps: Bell = field(default_factory=Bell)
    lag: Bell = field(default_factory=Bell)

    @property
    def out_topic(self) -> str:
        """The topic that the hub writes for this participant."""
        return f"{self.prefix}out.{self.name}"

    @property
    def in_topic(self) -> str:
        """The topic that this participant writes for the hub."""
        return f"{self.prefix}in.{self.name}"

    @property
    def group(self) -> str:
        """The consumer group."""
        return f"{self.prefix}{self.options.group or self.name}"

    @property
    def name(self) -> str:
        """The participant's name."""
        return self.adapter.name

    def mark(self, part: Part) -> None:
        """Note that a loop has got on."""
        self.progress.mark(part, asyncio.get_running_loop().time())

    async def patiently(self, action: str, work: Callable[[], Awaitable[_T]]) -> _T:
        """Repeat `work` while the database is away; health tells why."""
        loop = asyncio.get_running_loop()
        return await patiently(action, work, lambda why: self.progress.wait(why, loop.time()))

    def ring_all(self) -> None:
        """Wake every loop, so that each sees that it has to stop."""
        for bell in (self.deliveries, self.reports, self.polls, self.upkeep, self.sweeps, self.lag):
            bell.ring()
