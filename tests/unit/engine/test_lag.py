"""Lag: what waits since the last look, how old it is, and what share of the retention that is."""

from __future__ import annotations

import pytest

from hub.engine.observe.lag import TopicLag, topic_lags, waits_since
from hub.kafka.log_inspector import LogEnds
from hub.process.queue_age import Queue

A0, A1, B0 = ("in.a", 0), ("in.a", 1), ("in.b", 0)


def log(end: int, start: int = 0) -> LogEnds:
    return LogEnds("id", start, end)


@pytest.mark.parametrize(
    ("done", "before", "now", "waits_at"),
    [
        (10, log(10), log(20), None),  # only what came since the last look waits
        (9, log(10), log(20), 9),
        (3, log(10), log(20, start=5), 5),  # the log has lost 3 and 4
        (10, log(20), log(15), 10),  # truncated, but not below what is done
        (20, log(30), log(15), None),  # truncated below it: another alert speaks
    ],
)
def test_a_partition_waits_when_it_has_not_come_to_where_its_log_ended_at_the_last_look(
    done: int, before: LogEnds, now: LogEnds, waits_at: int | None
) -> None:
    expected = {} if waits_at is None else {A0: waits_at}
    assert waits_since({A0: done}, {A0: now}, {A0: before}) == expected


def test_at_the_first_look_nothing_is_known_to_wait() -> None:
    assert waits_since({}, {A0: log(10)}, {}) == {}


def test_records_of_a_topic_are_summed_and_the_oldest_partition_counts() -> None:
    lags = topic_lags(
        done={A0: 5, A1: 10, B0: 7},
        ends={A0: log(10), A1: log(12), B0: log(7)},
        received_at={A0: 400_000, A1: 900_000},
        retention_ms={"in.a": 1_200_000, "in.b": 1_200_000},
        now_ms=1_000_000,
    )
    assert lags == {"in.a": TopicLag(7, 600.0, 0.5), "in.b": TopicLag(0, 0.0, 0.0)}


def test_what_is_kept_for_ever_or_for_nobody_knows_how_long_has_no_share_of_it() -> None:
    received, ends = {A0: 0, B0: 0}, {A0: log(10), B0: log(10)}
    lags = topic_lags({}, ends, received, {"in.a": -1}, 5000)
    assert lags == {"in.a": TopicLag(10, 5.0, 0.0), "in.b": TopicLag(10, 5.0, 0.0)}


def test_a_clock_of_the_broker_ahead_of_ours_makes_no_negative_age() -> None:
    assert topic_lags({}, {A0: log(1)}, {A0: 2000}, {}, 1000) == {"in.a": TopicLag(1, 0.0, 0.0)}


def test_the_oldest_row_is_as_old_as_the_first_look_that_saw_it() -> None:
    queue = Queue()
    assert queue.age_s(0.0, 1, 4) == 0.0
    assert queue.age_s(5.0, 3, 6) == 5.0
    assert queue.age_s(10.0, 4, 9) == 10.0
    assert queue.age_s(15.0, 5, 9) == 10.0
    assert queue.age_s(20.0, 10, 12) == 0.0
    assert queue.age_s(25.0, None, None) == 0.0
    assert queue.age_s(30.0, 11, 12) == 0.0


def test_what_waits_for_days_is_looked_at_in_bounded_memory() -> None:
    queue = Queue()
    ages = [queue.age_s(5.0 * look, 1, look + 1) for look in range(10_000)]
    assert ages[-1] == 5.0 * 9_999
    assert len(queue._looks) <= 2001
    age_s = queue.age_s(5.0 * 10_000, 5_000, 10_001)
    assert 25_005 - 500 < age_s <= 25_005  # coarser with the age, never older than it is
