"""The end of retention in the delivery tables: page after page, each a short statement of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.delivery import queries

_PAGE = 1000
_BEGIN = datetime.min.replace(tzinfo=UTC)

Ask = Callable[..., Awaitable[Any]]
"""`fetchrow` of a pool or of a connection."""


@dataclass(frozen=True, slots=True)
class DeliverySweep:
    """One kind of row of an adapter that is deleted so many days after its end."""

    kind: str
    statement: str
    days: int

    async def pages(self, ask: Ask, adapter: str, size: int = _PAGE) -> AsyncIterator[int]:
        """Delete what is over, page by page; gives how many rows went with each. Raises what `ask` raises."""
        at, position = _BEGIN, 0
        while at is not None:
            row = await ask(self.statement, adapter, self.days, at, position, size)
            at, position = row["at"], row["position"]
            yield row["removed"]


def sweeps(retention_days: int, poison_days: int) -> tuple[DeliverySweep, ...]:
    """In this order: a report goes after the delivery that names it."""
    return (
        DeliverySweep("delivery", queries.SWEEP_DELIVERIES, retention_days),
        DeliverySweep("delivery_report", queries.SWEEP_REPORTS, retention_days),
        DeliverySweep("delivery_poison", queries.SWEEP_POISON, poison_days),
    )
