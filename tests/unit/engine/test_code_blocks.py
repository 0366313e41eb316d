"""Leased dossier codes: given away in order, and free again when their batch is decided anew."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.engine.decide.code_blocks import FIRST_BLOCK, CodeBlocks, CodeOffer, Unused
from hub.engine.errors import CodesMissingError
from hub.regulation.errors import CodeError

UNIT = "000.12.34.H07"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = NOW.date()


def blocks(count: int = 3) -> CodeBlocks:
    made = CodeBlocks(compose, lambda now: now.date(), lambda _: 9999)
    made.add(UNIT, DAY, 1, count)
    return made


def compose(unit: str, day: date, serial: int) -> str:
    if unit != UNIT:
        raise CodeError("the unit code does not belong to this profile")
    return f"{unit}-{day:%y%m%d}-{serial:04d}"


def take(codes: CodeBlocks, count: int, now: datetime = NOW) -> list[str]:
    taken = []
    for _ in range(count):
        code = codes.peek(UNIT, now)
        assert code is not None
        taken.append(code[-4:])
        codes.take(UNIT, now)
    return taken


def test_codes_are_given_away_in_order_and_then_missing() -> None:
    codes = blocks()
    assert take(codes, 3) == ["0001", "0002", "0003"]
    with pytest.raises(CodesMissingError) as missing:
        codes.peek(UNIT, NOW)
    assert (missing.value.unit, missing.value.day, missing.value.count) == (UNIT, DAY, 6)


def test_the_first_lease_of_a_day_is_small() -> None:
    with pytest.raises(CodesMissingError) as missing:
        blocks().peek(UNIT, datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    assert missing.value.count == FIRST_BLOCK
    assert missing.value.day == date(2026, 11, 24)


def test_what_a_batch_took_before_it_is_decided_anew_is_free_again_in_order() -> None:
    codes = blocks()
    codes.keep()
    take(codes, 3)
    codes.add(UNIT, DAY, 11, 2)
    codes.take_back()
    assert take(codes, 5) == ["0001", "0002", "0003", "0011", "0012"]


def test_what_an_earlier_batch_took_stays_taken() -> None:
    codes = blocks()
    take(codes, 1)
    codes.keep()
    take(codes, 1)
    codes.take_back()
    assert take(codes, 2) == ["0002", "0003"]
    codes.take_back()
    codes.take_back()
    assert take(codes, 1) == ["0002"]


def test_codes_of_a_day_that_is_over_are_not_taken_back() -> None:
    codes = blocks()
    take(codes, 1)
    codes.add(UNIT, date(2026, 11, 24), 1, 1)
    codes.take_back()
    with pytest.raises(CodesMissingError):
        codes.peek(UNIT, NOW)


def test_after_the_last_serial_there_is_none_and_nothing_is_leased_any_more() -> None:
    codes = blocks()
    codes.add(UNIT, DAY, 9990, 20)
    assert take(codes, 13)[-1] == "9999"
    assert codes.peek(UNIT, NOW) is None
    assert codes.peek(UNIT, NOW) is None


def test_a_lease_that_begins_behind_the_last_serial_brings_none() -> None:
    codes = blocks(0)
    codes.add(UNIT, DAY, 10_001, 20)
    assert codes.peek(UNIT, NOW) is None


def test_the_day_after_has_codes_again() -> None:
    codes = blocks()
    codes.add(UNIT, DAY, 10_001, 20)
    with pytest.raises(CodesMissingError):
        codes.peek(UNIT, datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


def test_a_unit_that_the_profile_does_not_know_leases_nothing() -> None:
    with pytest.raises(CodeError):
        blocks().peek("nonsense", NOW)


def test_what_is_left_of_the_last_lease_is_given_back_when_the_process_ends() -> None:
    codes = blocks(20)
    take(codes, 20)
    codes.add(UNIT, DAY, 41, 40)
    take(codes, 3)
    assert codes.give_up() == [Unused(UNIT, DAY, 44, 81)]
    assert codes.give_up() == []


def test_what_was_taken_back_behind_a_later_lease_is_not_taken_for_its_rest() -> None:
    codes = blocks(2)
    codes.keep()
    take(codes, 2)
    codes.add(UNIT, DAY, 11, 5)
    take(codes, 2)
    codes.keep()
    assert codes.give_up() == [Unused(UNIT, DAY, 13, 16)]


def test_an_offer_that_nobody_asked_takes_no_code() -> None:
    codes = blocks()
    CodeOffer(codes, UNIT, NOW).take()
    assert codes.peek(UNIT, NOW) == f"{UNIT}-261123-0001"
