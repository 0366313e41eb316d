"""The gate before one counterpart, without I/O: circuit, concurrency, rate, pause, maintenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from typing import Literal

from hub.delivery import circuit as breaker
from hub.delivery.circuit import Circuit, CircuitPolicy, Closed, HalfOpen, Result

GateState = Literal["closed", "open", "half_open", "paused", "maintenance"]
"""Names as operators see them; `closed` lets calls pass."""

VIETNAM = timezone(timedelta(hours=7))
_EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A weekly window in Vietnamese time in which the counterpart is not called; it may cross midnight.

    `weekdays` (Monday is 0) are the days on which the window begins.
    """

    begin: time
    end: time
    weekdays: frozenset[int] = _EVERY_DAY

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` (with zone) lies in the window; its end does not."""
        local = moment.astimezone(VIETNAM)
        today, clock = local.weekday(), local.time()
        if self.begin <= self.end:
            return today in self.weekdays and self.begin <= clock < self.end
        yesterday = (today - 1) % 7
        return (today in self.weekdays and clock >= self.begin) or (
            yesterday in self.weekdays and clock < self.end
        )


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """Limits of one counterpart: calls at once, calls per second (None: no limit), windows, circuit."""

    concurrency: int = 4
    rate_per_s: float | None = None
    maintenance: tuple[MaintenanceWindow, ...] = ()
    circuit: CircuitPolicy = field(default_factory=CircuitPolicy)


class Throttle:
    """Circuit and rate of one counterpart; `now` is monotonic seconds, `moment` the wall clock."""

    def __init__(self, limits: ThrottleLimits, now: float) -> None:
        self._limits = limits
        self._circuit: Circuit = Closed()
        self._tokens = self._burst
        self._filled_at = now
        self.is_paused = False

    @property
    def _burst(self) -> float:
        return max(self._limits.rate_per_s or 0.0, 1.0)

    def state(self, now: float, moment: datetime) -> GateState:
        """Return what holds calls back, the operator's pause first; `closed` when nothing does."""
        if self.is_paused:
            return "paused"
        if any(window.covers(moment) for window in self._limits.maintenance):
            return "maintenance"
        match breaker.at(self._circuit, now):
            case Closed():
                return "closed"
            case HalfOpen():
                return "half_open"
            case _:
                return "open"

    def allowance(self, now: float, moment: datetime, in_flight: int) -> int:
        """Return how many more calls may start now, beside those in flight."""
        if self.state(now, moment) in {"paused", "maintenance"}:
            return 0
        current = breaker.at(self._circuit, now)
        free = breaker.allowance(current, self._limits.concurrency, in_flight)
        return min(free, self._available(now))

    def take(self, calls: int) -> None:
        """Note that `calls` have started."""
        self._tokens -= calls

    def record(self, result: Result, now: float) -> Literal["opened", "closed"] | None:
        """Note how a call ended; says when it has opened the circuit, or closed it again."""
        was_closed = isinstance(self._circuit, Closed)
        self._circuit = breaker.after(self._circuit, self._limits.circuit, result, now)
        is_closed = isinstance(self._circuit, Closed)
        if was_closed == is_closed:
            return None
        return "closed" if is_closed else "opened"

    def _available(self, now: float) -> int:
        rate = self._limits.rate_per_s
        if rate is None:
            return self._limits.concurrency
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        return max(int(self._tokens), 0)
