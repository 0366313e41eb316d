"""Keeps the rest in order: the operator's pause, gauges, late reports, and the end of retention."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from hub.delivery.parts import Parts
from hub.delivery.reporting import report_late
from hub.delivery.waiting import patiently
from hub.kafka_broker import KafkaBroker

_log = logging.getLogger(__name__)
_SWEEP_S = 3600.0
_PING_LIMIT_S = 2.0


class Upkeep:
    """One slow loop; each step is idempotent."""

    def __init__(self, parts: Parts, broker: KafkaBroker) -> None:
        self._parts = parts
        self._broker = broker

    async def run(self) -> None:
        """Repeat the steps until stopped."""
        parts, loop = self._parts, asyncio.get_running_loop()
        await self.make_late_reports()
        next_sweep = loop.time()
        while not parts.stop.is_set():
            if loop.time() >= next_sweep:
                await self.sweep()
                next_sweep = loop.time() + _SWEEP_S
            await self.show()
            parts.mark("database")
            if await self._broker.ping(_PING_LIMIT_S):
                parts.mark("kafka")
            await parts.upkeep.wait(parts.options.gauges_s)

    async def show(self) -> None:
        """Take over the operator's pause and set the gauges."""
        parts = self._parts
        parts.gate.is_paused = await patiently("delivery.pause", parts.store.is_paused)
        counts = await patiently("delivery.counts", parts.store.counts)
        parts.metrics.show_counts(parts.name, counts)
        state = parts.gate.state(asyncio.get_running_loop().time(), parts.clock())
        parts.metrics.show_gate(parts.name, state)

    async def sweep(self) -> None:
        """Delete what is past its retention."""
        parts = self._parts
        gone = await patiently(
            "delivery.sweep",
            lambda: parts.store.sweep(parts.options.retention_days, parts.options.poison_days),
        )
        _log.info("swept", extra={"action": "delivery.swept", "adapter": parts.name, "rows": gone})

    async def make_late_reports(self) -> None:
        """Make the reports that a bug prevented; what still fails stays due and is counted."""
        parts = self._parts
        for due in await patiently("delivery.reports_due", parts.store.reports_due):
            made = report_late(
                parts.adapter, due.message, due.outcome, is_dead=due.state == "dead", at=due.at
            )
            if not made.is_due:
                work = partial(parts.store.attach_report, due.message.id, made.report)
                await patiently("delivery.attach_report", work)
                parts.reports.ring()
