"""Delays that double up to a cap."""

from __future__ import annotations

from hub.backoff import backoff_s, doubled_s


def test_delays_double_from_the_base_to_the_cap_and_stay_there() -> None:
    assert [doubled_s(1.0, 10.0, attempts) for attempts in range(7)] == [1, 1, 2, 4, 8, 10, 10]
    assert doubled_s(1.0, 10.0, 10_000) == 10.0


def test_jitter_takes_a_tenth_at_least_and_never_more_than_the_whole() -> None:
    assert [backoff_s(1.0, 10.0, 3, draw) for draw in (0.0, 0.5, 1.0)] == [0.4, 2.0, 4.0]
