"""What becomes of a delivery: an unknown outcome is never sent again before somebody answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.delivery.adapter import OutMessage
from hub.delivery.circuit import CircuitPolicy, Closed, HalfOpen, Result, after, allowance
from hub.delivery.lease import Lease
from hub.delivery.outcome import NOTED, Delivered, NotFound, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.retry import RetryPolicy
from hub.delivery.stored_outcome import outcome_text, read_outcome
from hub.delivery.verdict import Bury, PutBack, Settle, Verdict, health, verdict

POLICY = RetryPolicy(max_attempts=3, total_s=100.0, base_s=2.0, cap_s=10.0)
SETTLING_S = 60.0
MESSAGE = OutMessage("m-1", "t.v1", "d-1", "d-1", 1, datetime(2026, 3, 10, tzinfo=UTC), b"{}")
SENT = Lease(MESSAGE, UUID(int=1), 1, 0, is_doubtful=False, age_s=1.0, doubt_age_s=0.0)
DOUBTFUL = replace(SENT, is_doubtful=True, queries=1, doubt_age_s=5.0)


def _verdict(lease: Lease, answer: QueryOutcome) -> Verdict:
    return verdict(lease, answer, POLICY, SETTLING_S, 0.5)


@pytest.mark.parametrize("lease", [SENT, DOUBTFUL])
@pytest.mark.parametrize("answer", [Delivered({"number": 1}), Rejected("no", "không", "no")])
def test_a_clear_answer_settles_the_delivery(lease: Lease, answer: Delivered | Rejected) -> None:
    assert _verdict(lease, answer) == Settle(answer)


def test_an_unknown_outcome_begins_a_doubt_and_is_asked_about() -> None:
    assert _verdict(SENT, Unknown("cut")) == PutBack("unknown", 1.0, Unknown("cut"), doubt_begins=True)


def test_a_question_that_is_not_answered_leaves_the_outcome_unknown_for_ever() -> None:
    tired = replace(DOUBTFUL, attempts=99, age_s=10**9, queries=50)
    assert _verdict(tired, Unknown("cut")) == PutBack("unknown", 5.0, Unknown("cut"))
    assert _verdict(tired, RetryAt(1.0, "busy")) == PutBack("unknown", 5.0, RetryAt(1.0, "busy"))


def test_not_found_counts_only_after_the_settling_time() -> None:
    assert _verdict(DOUBTFUL, NotFound()) == PutBack("unknown", 55.0, NotFound())
    settled = replace(DOUBTFUL, doubt_age_s=60.0)
    assert _verdict(settled, NotFound()) == PutBack("pending", 0.0, NotFound())


def test_settled_not_found_is_not_sent_again_beyond_the_limits() -> None:
    settled = replace(DOUBTFUL, doubt_age_s=60.0, attempts=3)
    assert _verdict(settled, NotFound()) == Bury(NotFound(), "attempts")


def test_what_the_adapter_holds_itself_uses_up_nothing_and_says_nothing_of_the_counterpart() -> None:
    held = RetryAt(8 * 3600.0, "quiet hours", is_called=False)
    used_up = replace(SENT, attempts=99, age_s=10**9)
    for lease in (SENT, used_up):
        assert _verdict(lease, held) == PutBack("pending", 8 * 3600.0, held, is_held=True)
    assert health(held) is Result.NEUTRAL
    assert read_outcome(outcome_text(held)) == held


def test_a_call_without_effect_is_repeated_until_the_limits() -> None:
    later = RetryAt(4.0, "busy")
    assert _verdict(SENT, later) == PutBack("pending", 4.0, later)
    assert _verdict(replace(SENT, attempts=3), later) == Bury(later, "attempts")
    assert _verdict(replace(SENT, age_s=100.0), later) == Bury(later, "time")


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Delivered(), Result.SUCCESS),
        (NOTED, Result.NEUTRAL),
        (Rejected("no", "không", "no"), Result.NEUTRAL),
        (NotFound(), Result.NEUTRAL),
        (RetryAt(1.0, "busy"), Result.FAILURE),
        (Unknown("cut"), Result.FAILURE),
    ],
)
def test_the_circuit_hears_what_an_answer_tells_about_health(answer: QueryOutcome, result: Result) -> None:
    assert health(answer) is result


@pytest.mark.parametrize(
    "outcome",
    [
        Delivered({"number": "VN 1"}),
        NOTED,
        Rejected("no", "không được", "no"),
        RetryAt(1.5, "busy"),
        Unknown("cut"),
        NotFound(),
    ],
)
def test_a_stored_outcome_reads_back_as_it_was(outcome: QueryOutcome) -> None:
    assert read_outcome(outcome_text(outcome)) == outcome


def test_nul_is_replaced_because_the_database_cannot_keep_it() -> None:
    assert read_outcome(outcome_text(Rejected("a\x00b", "", ""))) == Rejected("a�b", "", "")


@pytest.mark.parametrize("answer", [RetryAt(60.0, "later", is_alone=True), Unknown("cut", is_alone=True)])
def test_what_fails_for_its_own_sake_holds_no_other_delivery_up(answer: RetryAt | Unknown) -> None:
    assert isinstance(_verdict(SENT, answer), PutBack)
    policy, circuit = CircuitPolicy(), after(Closed(4), CircuitPolicy(), health(answer), 0.0)
    assert circuit == Closed(4)
    tried = after(HalfOpen(3), policy, health(answer), 0.0)
    assert allowance(tried, 4, 0) == 1
    assert after(tried, policy, health(Delivered()), 0.0) == Closed()
