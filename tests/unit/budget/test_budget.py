"""Budgets and brakes: when a participant is slowed, for how long, and what is kept of its dead letters."""

from __future__ import annotations

from hashlib import sha256

import pytest

from hub.budget.allowance import DAY_S, Allowances, Use, pause_s
from hub.budget.brake import FIRST_PAUSE_S, FORGOTTEN_S, LONGEST_PAUSE_S, Answers, Brake, BrakeLimits
from hub.budget.letters import DIGEST, SIZE, Letters, outline
from hub.engine.budget_keeper import answered
from hub.engine.decide.tally import Tally
from hub.engine.intake.records import taken_of
from hub.facts.parking import decode_record, encode_record
from hub.inbound.envelope import Unstamped
from hub.settings.budget import BudgetSettings

LIMITS = BrakeLimits(malformed=200, refused=1000)


def a_record(value: bytes | None, *headers: tuple[str, bytes | None], key: bytes | None = b"k") -> Unstamped:
    return Unstamped("in.a", 0, 7, 1_800_000_000_000, key, value, headers)


def test_refusals_beyond_the_limit_are_braked_only_when_they_are_nearly_all() -> None:
    mixed, bad = Brake(LIMITS), Brake(LIMITS)
    for second in range(50):
        assert mixed.count(Answers(good=20, refused=80), second) is None
    pauses = [bad.count(Answers(good=1, refused=99), second) for second in range(11)]
    assert pauses == [None] * 10 + [FIRST_PAUSE_S]
    assert bad.reason == "refused"


def test_records_that_are_no_envelopes_are_braked_whatever_else_comes() -> None:
    brake = Brake(LIMITS)
    assert brake.count(Answers(good=10_000, malformed=200), 0) is None
    assert brake.count(Answers(malformed=1), 1) == FIRST_PAUSE_S
    assert brake.reason == "malformed"


def test_what_lies_longer_than_a_minute_back_does_not_count() -> None:
    brake = Brake(LIMITS)
    assert all(brake.count(Answers(refused=900), minute * 61.0) is None for minute in range(20))


def test_pauses_double_as_long_as_tastes_are_bad_and_end_with_a_good_one() -> None:
    pauses: list[float] = []
    brake, now_s = Brake(LIMITS), 0.0
    pause = brake.count(Answers(refused=1001), now_s)
    while len(pauses) < 12:
        assert pause is not None
        pauses.append(pause)
        assert brake.count(Answers(refused=50), now_s + pause / 2) is None, "what was under way already"
        now_s += pause
        pause = brake.count(Answers(refused=50), now_s)
    assert pauses[:4] == [5, 10, 20, 40]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert brake.count(Answers(good=50), now_s + LONGEST_PAUSE_S) == 0.0
    assert brake.reason is None


def test_who_is_braked_again_soon_is_paused_for_longer_and_after_long_as_at_first() -> None:
    brake = Brake(LIMITS)
    brake.count(Answers(refused=1001), 0)
    brake.count(Answers(good=1), 6)
    assert brake.count(Answers(refused=1001), 10) == 2 * FIRST_PAUSE_S
    brake.count(Answers(good=1), 30)
    assert brake.count(Answers(refused=1001), 30 + FORGOTTEN_S) == FIRST_PAUSE_S


def test_an_operator_lets_a_participant_go_on_and_another_process_takes_its_brake_over() -> None:
    brake = Brake(LIMITS)
    brake.resume("refused", 30, 100)
    assert brake.count(Answers(refused=1), 110) is None
    assert brake.count(Answers(refused=1), 131) == 2 * FIRST_PAUSE_S
    brake.release()
    assert brake.reason is None
    assert brake.count(Answers(refused=1000), 132) is None


def test_repeats_are_no_answers() -> None:
    tally = Tally(
        {("a", "x"): 2, ("a", "y"): 1}, {("a", "code"): 3, ("b", "code"): 1}, {("b", "c"): 4}, repeated=99
    )
    assert answered(tally) == {"a": Answers(3, 3, 0), "b": Answers(0, 1, 4)}


def test_keys_values_and_headers_are_counted_by_topic() -> None:
    records = [a_record(b"12345", ("ce_id", b"abc"), ("x", None)), a_record(None, key=None)]
    assert taken_of(records) == {"in.a": Use(2, 1 + 5 + 8 + 1 + 2 * 2)}


@pytest.mark.parametrize(
    ("today", "taken", "expected"),
    [
        (Use(1000, 0), Use(50, 0), 0.0),
        (Use(1001, 0), Use(50, 0), DAY_S * 0.05),
        (Use(0, 100_001), Use(1, 50_000), DAY_S * 0.5),
    ],
)
def test_beyond_the_days_budget_records_come_at_the_pace_of_a_budget_a_day(
    today: Use, taken: Use, expected: float
) -> None:
    budget = Allowances(BudgetSettings(records_per_day=1000, bytes_per_day=100_000)).of("a")
    assert pause_s(budget, today, taken) == pytest.approx(expected)


def test_a_participants_own_row_changes_only_what_it_names() -> None:
    budgets = Allowances(BudgetSettings(letters=7), {"a": {"records_per_day": 5, "letters": None}})
    assert (budgets.of("a").records_per_day, budgets.of("a").letters) == (5, 7)
    assert budgets.of("b").records_per_day == BudgetSettings().records_per_day


def test_letters_are_kept_whole_up_to_a_number_and_to_their_bytes() -> None:
    record = a_record(b"v" * 3000)
    whole = encode_record(record)
    few = Letters(Allowances(BudgetSettings(letters=2, letter_bytes=1 << 20)))
    assert few.encode(record, "a", Use(1, 10)) == whole
    assert few.encode(record, "a", Use(2, 20)) != whole
    few.added("a", 2, 20)
    assert few.encode(record, "a", Use()) != whole
    assert few.encode(record, "b", Use()) == whole
    small = Letters(Allowances(BudgetSettings(letters=100, letter_bytes=5000)))
    assert small.encode(record, "a", Use()) == whole
    assert small.encode(record, "a", Use(1, len(whole))) != whole


def test_of_a_letter_that_is_not_kept_whole_place_digest_and_beginnings_are_left() -> None:
    headers = [(f"h{number}" + "n" * 500, b"x" * 5000) for number in range(300)]
    record = a_record(b"secret" * 40_000, ("ce_id", b"42"), *headers, key=b"k" * 9000)
    left = decode_record(encode_record(outline(record)))
    assert (left.topic, left.partition, left.offset, left.timestamp) == ("in.a", 0, 7, record.timestamp)
    assert left.value is None
    named = dict(left.headers)
    assert named["ce_id"] == b"42"
    assert named[DIGEST] == sha256(record.value or b"").hexdigest().encode()
    assert named[SIZE] == b"240000"
    assert len(encode_record(outline(record))) < 8192
