"""The gate before a counterpart: pause, maintenance, rate, concurrency, circuit; and its options."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from pydantic import ValidationError

from hub.delivery.circuit import CircuitPolicy, Result
from hub.delivery.options import DeliveryOptions
from hub.delivery.throttle import MaintenanceWindow, Throttle, ThrottleLimits

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)  # Tuesday, 12:00 in Vietnam


def test_concurrency_limits_the_calls_beside_those_in_flight() -> None:
    gate = Throttle(ThrottleLimits(concurrency=3), now=0.0)
    assert [gate.allowance(0.0, NOON, in_flight) for in_flight in (0, 2, 3, 5)] == [3, 1, 0, 0]


def test_the_rate_refills_with_time_and_never_beyond_a_second() -> None:
    gate = Throttle(ThrottleLimits(concurrency=10, rate_per_s=4.0), now=0.0)
    gate.take(gate.allowance(0.0, NOON, 0))
    assert gate.allowance(0.0, NOON, 0) == 0
    assert gate.allowance(0.5, NOON, 0) == 2
    assert gate.allowance(60.0, NOON, 0) == 4


def test_a_rate_below_one_per_second_still_lets_a_call_pass() -> None:
    gate = Throttle(ThrottleLimits(concurrency=10, rate_per_s=0.1), now=0.0)
    gate.take(gate.allowance(0.0, NOON, 0))
    assert gate.allowance(9.0, NOON, 0) == 0
    assert gate.allowance(10.5, NOON, 0) == 1


def test_an_operators_pause_comes_before_everything() -> None:
    gate = Throttle(ThrottleLimits(), now=0.0)
    gate.is_paused = True
    assert gate.state(0.0, NOON) == "paused"
    assert gate.allowance(0.0, NOON, 0) == 0


@pytest.mark.parametrize(
    ("hour", "minute", "covered"), [(14, 59, False), (15, 0, True), (16, 59, True), (17, 0, False)]
)
def test_a_window_is_read_in_vietnamese_time(hour: int, minute: int, covered: bool) -> None:
    window = MaintenanceWindow(time(22), time(0))  # to midnight, 15:00-17:00 UTC
    assert window.covers(datetime(2026, 3, 10, hour, minute, tzinfo=UTC)) is covered


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    tuesday_night = MaintenanceWindow(time(23), time(2), frozenset({1}))
    assert tuesday_night.covers(datetime(2026, 3, 10, 16, 30, tzinfo=UTC))  # Tuesday 23:30
    assert tuesday_night.covers(datetime(2026, 3, 10, 18, 30, tzinfo=UTC))  # Wednesday 01:30
    assert not tuesday_night.covers(datetime(2026, 3, 9, 18, 30, tzinfo=UTC))  # Tuesday 01:30
    assert not tuesday_night.covers(datetime(2026, 3, 11, 16, 30, tzinfo=UTC))  # Wednesday 23:30


def test_maintenance_lets_no_call_pass() -> None:
    gate = Throttle(ThrottleLimits(maintenance=(MaintenanceWindow(time(11), time(13)),)), now=0.0)
    assert gate.state(0.0, NOON) == "maintenance"
    assert gate.allowance(0.0, NOON, 0) == 0


def test_failures_open_the_gate_and_it_probes_later() -> None:
    gate = Throttle(ThrottleLimits(concurrency=4, circuit=CircuitPolicy(failures=2, open_s=10.0)), now=0.0)
    gate.record(Result.FAILURE, 1.0)
    gate.record(Result.FAILURE, 1.0)
    assert (gate.state(2.0, NOON), gate.allowance(2.0, NOON, 0)) == ("open", 0)
    assert (gate.state(11.0, NOON), gate.allowance(11.0, NOON, 0)) == ("half_open", 1)
    gate.record(Result.SUCCESS, 12.0)
    assert (gate.state(12.0, NOON), gate.allowance(12.0, NOON, 0)) == ("closed", 4)


def test_options_refuse_bounds_that_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="retry_base_s must not exceed retry_cap_s"):
        DeliveryOptions(retry_base_s=10, retry_cap_s=5)
    with pytest.raises(ValidationError, match="circuit_open_s must not exceed"):
        DeliveryOptions(circuit_open_s=10, circuit_max_open_s=5)


def test_a_lease_is_longer_than_a_call() -> None:
    assert DeliveryOptions(call_timeout_s=20, lease_margin_s=5).lease_s == 25
