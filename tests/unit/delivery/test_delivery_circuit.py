"""Circuit breaker: opens after failures in a row, probes with one call, backs off while probes fail."""

from __future__ import annotations

from hub.delivery.circuit import Circuit, CircuitPolicy, Closed, HalfOpen, Open, Result, after, allowance, at

POLICY = CircuitPolicy(failures=3, open_s=10.0, max_open_s=30.0)


def _after(circuit: Circuit, *results: Result, now: float = 0.0) -> Circuit:
    for result in results:
        circuit = after(circuit, POLICY, result, now)
    return circuit


def test_failures_in_a_row_open_the_circuit() -> None:
    assert _after(Closed(), Result.FAILURE, Result.FAILURE) == Closed(2)
    assert _after(Closed(), *[Result.FAILURE] * 3, now=5.0) == Open(until=15.0, trips=1)


def test_a_success_between_failures_starts_the_count_again() -> None:
    results = (Result.FAILURE, Result.FAILURE, Result.SUCCESS, Result.FAILURE)
    assert _after(Closed(), *results) == Closed(1)


def test_a_rejection_says_nothing_about_the_counterparts_health() -> None:
    assert _after(Closed(), Result.FAILURE, Result.NEUTRAL, Result.FAILURE) == Closed(2)
    assert _after(HalfOpen(1), Result.NEUTRAL) == HalfOpen(1)


def test_an_open_circuit_lets_nothing_pass_until_its_time_is_over() -> None:
    circuit = Open(until=10.0, trips=1)
    assert allowance(at(circuit, 9.9), limit=4, in_flight=0) == 0
    assert at(circuit, 10.0) == HalfOpen(1)


def test_a_half_open_circuit_lets_one_call_probe() -> None:
    assert allowance(HalfOpen(1), limit=4, in_flight=0) == 1
    assert allowance(HalfOpen(1), limit=4, in_flight=1) == 0
    assert allowance(Closed(), limit=4, in_flight=1) == 3


def test_a_good_probe_closes_the_circuit() -> None:
    assert _after(Open(until=10.0, trips=2), Result.SUCCESS, now=10.0) == Closed()


def test_each_failed_probe_doubles_the_pause_up_to_its_cap() -> None:
    assert _after(Open(until=10.0, trips=1), Result.FAILURE, now=12.0) == Open(until=32.0, trips=2)
    assert _after(HalfOpen(2), Result.FAILURE, now=0.0) == Open(until=30.0, trips=3)


def test_calls_that_began_before_the_opening_do_not_change_it() -> None:
    circuit = Open(until=10.0, trips=1)
    assert _after(circuit, Result.SUCCESS, Result.FAILURE, now=3.0) == circuit
