"""Pure circuit breaker of one counterpart: closed, open, half open; every function takes `now` in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from hub.backoff import doubled_s


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """How many failures in a row open the circuit, and how long: doubled at each failed probe, capped."""

    failures: int = 5
    open_s: float = 15.0
    max_open_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls pass; `failures` in a row so far."""

    failures: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """No call passes before `until`; `trips` in a row so far, this one included."""

    until: float
    trips: int


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """One call at a time probes whether the counterpart is back."""

    trips: int


Circuit = Closed | Open | HalfOpen


class Result(Enum):
    """What a call tells about the counterpart's health; a rejection may be ours alone and says nothing."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


def at(circuit: Circuit, now: float) -> Circuit:
    """Return the circuit as it is at `now`: an open one whose time is over is half open."""
    if isinstance(circuit, Open) and now >= circuit.until:
        return HalfOpen(circuit.trips)
    return circuit


def allowance(circuit: Circuit, limit: int, in_flight: int) -> int:
    """Return how many more calls may start beside those in flight."""
    match circuit:
        case Closed():
            return max(limit - in_flight, 0)
        case HalfOpen():
            return max(1 - in_flight, 0)
        case Open():
            return 0
        case _ as never:
            assert_never(never)


def after(circuit: Circuit, policy: CircuitPolicy, result: Result, now: float) -> Circuit:
    """Return the circuit after a call ended with `result` at `now`.

    Calls that began before the circuit opened do not change an open one.
    """
    current = at(circuit, now)
    match current, result:
        case (Open(), _) | (_, Result.NEUTRAL):
            return current
        case _, Result.SUCCESS:
            return Closed()
        case Closed(failures), Result.FAILURE:
            counted = failures + 1
            return _opened(policy, 1, now) if counted >= policy.failures else Closed(counted)
        case HalfOpen(trips), Result.FAILURE:
            return _opened(policy, trips + 1, now)
        case _ as never:
            raise AssertionError(never)


def _opened(policy: CircuitPolicy, trips: int, now: float) -> Open:
    return Open(now + doubled_s(policy.open_s, policy.max_open_s, trips), trips)
