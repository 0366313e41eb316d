"""Leased dossier codes: given away in order, and free again when their batch is decided anew."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.code_blocks import FIRST_BLOCK, CodeBlocks, CodesMissingError

UNIT = "000.12.34.H07"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = NOW.date()


def blocks(count: int = 3) -> CodeBlocks:
    made = CodeBlocks(lambda unit, day, serial: f"{unit}-{day:%y%m%d}-{serial:04d}", lambda now: now.date())
    made.add(UNIT, DAY, 1, count)
    return made


def take(codes: CodeBlocks, count: int, now: datetime = NOW) -> list[str]:
    taken = []
    for _ in range(count):
        taken.append(codes.peek(UNIT, now)[-4:])
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
