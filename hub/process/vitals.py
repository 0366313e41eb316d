"""Asks a process by its clock how it is: the probes are a metric, and one that stays stuck ends itself."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping

from hub.http.metrics import HttpMetrics
from hub.logs import log

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else a short reason without personal data."""
LIVE, READY = "livez", "readyz"


class Vitals:
    """One per process; `checks` are those behind `/livez` and `/readyz`."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        metrics: HttpMetrics,
        exit_after_s: float | None,
        every_s: float = 5.0,
    ) -> None:
        self._checks = checks
        self._metrics = metrics
        self._exit_after_s = exit_after_s
        self._every_s = every_s
        self._failing_since: dict[str, float] = {}
        self._looks = 0
        metrics.started.set_to_current_time()
        for name in checks:
            metrics.probe_failing.labels(name).set(0)

    async def run(self) -> None:
        """Look until cancelled; with `exit_after_s` a thread watches that this goes on and finds life."""
        if self._exit_after_s is not None:
            threading.Thread(target=self._guard, args=(self._exit_after_s,), daemon=True).start()
        while True:
            for name, check in self._checks.items():
                is_fine = await check() is None
                since = self._failing_since.setdefault(name, time.monotonic())
                if is_fine:
                    del self._failing_since[name]
                self._metrics.probe_failing.labels(name).set(0 if is_fine else time.monotonic() - since)
            self._looks += 1
            await asyncio.sleep(self._every_s)

    def _guard(self, exit_after_s: float) -> None:
        """End the process when it is stuck: whatever is killed loses nothing, and is started again.

        The time in which no look ended is counted by own steps: a process that was stopped from outside,
        thread and all, was not stuck meanwhile.
        """
        seen, silent_s = -1, 0.0
        while True:
            time.sleep(self._every_s)
            silent_s = 0.0 if self._looks != seen else silent_s + self._every_s
            seen = self._looks
            since = self._failing_since.get(LIVE)
            dead_s = 0.0 if since is None else time.monotonic() - since
            if max(silent_s, dead_s) >= exit_after_s:
                log("process_stuck", seconds=round(max(silent_s, dead_s)), setting="HUB_STUCK_EXIT_S")
                os._exit(1)
