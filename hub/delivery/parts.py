"""What the loops of one adapter share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.delivery.adapter import Adapter
from hub.delivery.gate import Gate
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.store import DeliveryStore
from hub.delivery.waiting import Bell

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """Composition of one adapter's runtime; `clock` gives the legal time of what is reported."""

    adapter: Adapter
    store: DeliveryStore
    gate: Gate
    options: DeliveryOptions
    metrics: DeliveryMetrics
    environment: str
    clock: Clock
    stop: asyncio.Event
    deliveries: Bell = field(default_factory=Bell)
    reports: Bell = field(default_factory=Bell)
    polls: Bell = field(default_factory=Bell)
    upkeep: Bell = field(default_factory=Bell)

    @property
    def name(self) -> str:
        """The participant's name."""
        return self.adapter.name

    def ring_all(self) -> None:
        """Wake every loop, so that each sees that it has to stop."""
        for bell in (self.deliveries, self.reports, self.polls, self.upkeep):
            bell.ring()
