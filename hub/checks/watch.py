"""Looks at the checks of a role again by the clock: a metric each, and a line in the log when one changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from hub.checks.check import Check, look
from hub.logs import log


class CheckMetrics:
    """One gauge a check."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.failed = Gauge(
            "hub_check_failed",
            "1 while a check of this process fails; `hub doctor` says why and what to do",
            ["check"],
            registry=registry,
        )


class CheckWatch:
    """One per process; an unknown outcome leaves the metric as it was."""

    def __init__(self, checks: Sequence[Check], metrics: CheckMetrics, every_s: float) -> None:
        self._checks = checks
        self._metrics = metrics
        self._every_s = every_s
        self._said: dict[str, str] = {}
        for check in checks:
            metrics.failed.labels(check.name).set(0)

    async def step(self) -> None:
        """Look at all once, then rest."""
        for check in self._checks:
            outcome = await look(check)
            if outcome.unknown is not None:
                continue
            self._metrics.failed.labels(check.name).set(0 if outcome.is_ok else 1)
            self._say(check, "; ".join(finding.reason for finding in outcome.findings))
        await asyncio.sleep(self._every_s)

    def _say(self, check: Check, reason: str) -> None:
        if reason != self._said.get(check.name, ""):
            if reason:
                log("check_failed", check=check.name, reason=reason)
            else:
                log("check_holds", check=check.name)
        self._said[check.name] = reason
