"""Reads what happened at the counterpart; reports and cursor are stored together, then published."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import monotonic, time

import asyncpg

from hub.backoff import backoff_s
from hub.delivery.adapter import Polled
from hub.delivery.context import AdapterContext
from hub.delivery.waiting import draw
from hub.delivery.wire import check_report
from hub.logs import place_of

_log = logging.getLogger(__name__)
_MAX_PAUSES = 10


class Poller:
    """Polls the counterpart in the adapter's interval, unless its gate is paused or in maintenance."""

    def __init__(self, parts: AdapterContext, interval_s: float) -> None:
        self._parts = parts
        self._interval_s = interval_s
        self._failing_since: float | None = None
        parts.metrics.poll_failing.labels(parts.name).set_function(self._failing_s)

    async def run(self) -> None:
        """Poll until stopped; a failed poll is repeated with back-off."""
        parts, failures = self._parts, 0
        while not parts.stop.is_set():
            pause_s = self._interval_s
            parts.gate.is_paused = await parts.patiently("delivery.pause", parts.store.is_paused)
            if parts.gate.state(asyncio.get_running_loop().time(), parts.clock()) not in {
                "paused",
                "maintenance",
            }:
                is_read = await self._read_all()
                failures = 0 if is_read else failures + 1
                if failures:
                    pause_s = backoff_s(
                        self._interval_s, self._interval_s * _MAX_PAUSES, failures + 1, draw()
                    )
            else:
                self._failing_since = None
            await parts.polls.wait(pause_s)

    async def _read_all(self) -> bool:
        """Read page after page; False when a page could not be read."""
        parts = self._parts
        cursor = await self._parts.patiently("delivery.cursor", parts.store.cursor)
        while not parts.stop.is_set():
            polled = await self._poll(cursor)
            if polled is None:
                return False
            try:
                is_kept = await self._keep(cursor, polled)
            except (asyncpg.DataError, ValueError) as error:
                self._failed(error)
                return False
            self._note(polled)
            if not is_kept:
                return True
            if not polled.is_more or polled.cursor == cursor:
                return True
            cursor = polled.cursor
        return True

    async def _poll(self, cursor: str | None) -> Polled | None:
        parts, loop = self._parts, asyncio.get_running_loop()
        begun, label = loop.time(), "failed"
        try:
            async with asyncio.timeout(parts.options.call_timeout_s):
                polled = await parts.adapter.poll(cursor)
            # An event may be older, or of a wrong clock; the hub hears of it now.
            now = parts.clock()
            reports = tuple(check_report(replace(report, time=now)) for report in polled.reports)
            polled = replace(polled, reports=reports)
            label = "failed" if polled.is_partial else "polled"
            parts.metrics.last_success.labels(parts.name).set(time())
        except Exception as error:  # noqa: BLE001 - nothing is lost: the cursor stands still and is polled again
            self._failed(error)
            return None
        finally:
            parts.metrics.requests.labels(parts.name, label).inc()
            parts.metrics.request_seconds.labels(parts.name, label).observe(loop.time() - begun)
        return polled

    def _note(self, polled: Polled) -> None:
        self._parts.metrics.unreadable.labels(self._parts.name).inc(polled.unreadable)
        if not polled.is_partial:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = monotonic()

    def _failing_s(self) -> float:
        since = self._failing_since
        return monotonic() - since if since is not None else 0.0

    def _failed(self, error: Exception) -> None:
        if self._failing_since is None:
            self._failing_since = monotonic()
        ids = {"adapter": self._parts.name, "reason": place_of(error)}
        _log.warning("poll failed", extra={"action": "delivery.poll_failed", **ids})

    async def _keep(self, cursor: str | None, polled: Polled) -> bool:
        """Store a page; False when another process has moved the cursor."""
        parts = self._parts
        if polled.cursor == cursor and not polled.reports:
            return True
        new = await self._parts.patiently(
            "delivery.store_poll", lambda: parts.store.store_poll(cursor, polled.cursor, polled.reports)
        )
        if new is None:
            return False
        parts.metrics.deduplicated.labels(parts.name).inc(len(polled.reports) - new)
        if new:
            parts.reports.ring()
        return True
