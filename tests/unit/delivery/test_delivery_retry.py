"""Retry policy: grows, is capped, jitters, respects what the counterpart asks for, and ends."""

from __future__ import annotations

import pytest

from hub.backoff import backoff_s
from hub.delivery.retry import GiveUp, RetryPolicy, Wait, next_step

POLICY = RetryPolicy(max_attempts=5, total_s=100.0, base_s=2.0, cap_s=10.0)


@pytest.mark.parametrize(
    ("attempts", "expected"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (40, 10.0), (10**6, 10.0)]
)
def test_the_pause_doubles_up_to_the_cap(attempts: int, expected: float) -> None:
    assert backoff_s(2.0, 10.0, attempts, 1.0) == expected


def test_the_jitter_is_full_but_never_a_busy_loop() -> None:
    assert backoff_s(2.0, 10.0, 3, 0.5) == 4.0
    assert backoff_s(2.0, 10.0, 3, 0.0) == pytest.approx(0.8)


def test_the_counterparts_own_pause_is_a_lower_bound_within_the_cap() -> None:
    assert next_step(POLICY, 1, 0.0, 7.0, 0.5) == Wait(7.0)
    assert next_step(POLICY, 1, 0.0, 7000.0, 0.5) == Wait(10.0)
    assert next_step(POLICY, 4, 0.0, 1.0, 0.9) == Wait(9.0)


def test_the_last_call_happens_when_the_total_time_ends() -> None:
    assert next_step(POLICY, 4, 97.5, 0.0, 0.9) == Wait(2.5)
    assert next_step(POLICY, 2, 100.0, 0.0, 0.9) == GiveUp("time")


def test_after_the_last_attempt_the_delivery_is_given_up() -> None:
    assert next_step(POLICY, 4, 0.0, 0.0, 0.5) == Wait(5.0)
    assert next_step(POLICY, 5, 0.0, 0.0, 0.5) == GiveUp("attempts")
