"""Pure retry policy of a delivery: the next delay, or that it is time to give up."""

from __future__ import annotations

from dataclasses import dataclass

from hub.backoff import backoff_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of one delivery: calls, seconds since the message came, first and longest pause."""

    max_attempts: int = 12
    total_s: float = 6 * 3600.0
    base_s: float = 1.0
    cap_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `delay_s`."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Attempts or time are used up; `why` is a stable word."""

    why: str


def next_step(policy: RetryPolicy, attempts: int, age_s: float, asked_s: float, draw: float) -> Wait | GiveUp:
    """Return what follows the `attempts`-th call without effect, `age_s` after the message came.

    `asked_s` is the pause that the counterpart asks for (a lower bound, capped), `draw` in [0, 1) the jitter.
    The pause never reaches past the total time: the last call happens at its end.
    """
    if attempts >= policy.max_attempts:
        return GiveUp("attempts")
    left_s = policy.total_s - age_s
    if left_s <= 0:
        return GiveUp("time")
    delay_s = max(min(asked_s, policy.cap_s), backoff_s(policy.base_s, policy.cap_s, attempts, draw))
    return Wait(min(delay_s, left_s))
