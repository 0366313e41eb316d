"""Keeps the rest in order: gauges and late reports, and beside them the end of retention."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from hub.delivery.context import AdapterContext
from hub.delivery.reporting import report_late
from hub.delivery.sweeping import sweeps
from hub.kafka.producer import Producer

_log = logging.getLogger(__name__)
_SWEEP_S = 3600.0
_PING_LIMIT_S = 2.0
SILENT_S = 60.0
"""Without a beat for so long no process was there."""


class Upkeep:
    """One slow loop; each step is idempotent."""

    def __init__(self, parts: AdapterContext, producer: Producer) -> None:
        self._parts = parts
        self._producer = producer

    async def run(self) -> None:
        """Repeat the steps until stopped."""
        parts = self._parts
        await self.make_late_reports()
        while not parts.stop.is_set():
            await self.show()
            parts.mark("database")
            if await self._producer.trouble(_PING_LIMIT_S) is None:
                parts.mark("kafka")
            await parts.upkeep.wait(parts.options.gauges_s)

    async def show(self) -> None:
        """Take over the operator's pause and set the gauges."""
        parts = self._parts
        parts.gate.is_paused = await self._parts.patiently("delivery.pause", parts.store.is_paused)
        state = parts.gate.state(asyncio.get_running_loop().time(), parts.clock())
        is_held = state in {"paused", "maintenance"}
        await self._parts.patiently(
            "delivery.beat", lambda: parts.store.beat(is_held=is_held, silent_s=SILENT_S, gate=state)
        )
        counts = await self._parts.patiently("delivery.counts", parts.store.counts)
        parts.metrics.show_counts(parts.name, counts)
        parts.metrics.show_gate(parts.name, state)

    async def make_late_reports(self) -> None:
        """Make the reports that a bug prevented; what still fails stays due and is counted."""
        parts = self._parts
        for due in await self._parts.patiently("delivery.reports_due", parts.store.reports_due):
            made = report_late(
                parts.adapter, due.message, due.outcome, is_dead=due.state == "dead", at=due.at
            )
            if not made.is_due:
                work = partial(parts.store.attach_report, due.message.id, made.report)
                await self._parts.patiently("delivery.attach_report", work)
                parts.reports.ring()


class Sweeper:
    """Deletes what is past its retention, a page at a time: nothing waits for it."""

    def __init__(self, parts: AdapterContext) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Sweep now and every hour until stopped."""
        while not self._parts.stop.is_set():
            await self.sweep()
            await self._parts.sweeps.wait(_SWEEP_S)

    async def sweep(self) -> None:
        """Go once through all rows that are over; ends early when the process has to stop."""
        parts = self._parts

        async def ask(*arguments: Any) -> Any:
            return await parts.patiently("delivery.sweep", lambda: parts.store.ask(*arguments))

        for sweep in sweeps(parts.options.retention_days, parts.options.poison_days):
            gone = 0
            async for removed in sweep.pages(ask, parts.name):
                gone += removed
                if parts.stop.is_set():
                    return
            if gone:
                ids = {"adapter": parts.name, "kind": sweep.kind, "rows": gone}
                _log.info("swept", extra={"action": "delivery.swept", **ids})
