"""Positions of the intake: when records are taken alone, which one is poison, and where a jump begins."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from hub.engine.intake.assigned import PROBE_AFTER, Assigned
from hub.engine.intake.records import dense_part


def records(offsets: Sequence[int]) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in offsets]


@pytest.mark.parametrize(
    ("offsets", "kept"),
    [
        ([7, 8, 9], [7, 8, 9]),
        ([8, 9], []),
        ([7, 9, 10], [7]),
        ([7, 8, 10], [7, 8]),
        ([6, 7], []),
        ([7, 8 + (1 << 32)], [7]),
        ([7, 14, 9, 10], [7]),
    ],
)
def test_records_are_taken_up_to_the_first_jump_of_offsets(offsets: list[int], kept: list[int]) -> None:
    assert [record.offset for record in dense_part(records(offsets), 7)] == kept


def test_a_place_where_processes_died_is_probed_for_its_whole_width() -> None:
    assert not Assigned("id", 10, starts=PROBE_AFTER - 1).is_probing
    place = Assigned("id", 10, starts=PROBE_AFTER)
    assert place.is_probing
    behind = place.advanced(11, 100)
    assert behind == Assigned("id", 11, probe_until=110)
    assert behind.is_probing
    assert behind.advanced(109, 100).is_probing
    assert not behind.advanced(110, 100).is_probing


def test_a_place_that_was_not_probed_does_not_begin_to_be_by_moving_on() -> None:
    assert Assigned("id", 10, starts=1).advanced(11, 100) == Assigned("id", 11)


@pytest.mark.parametrize(
    ("marked", "marks", "is_poison"), [(10, 2, True), (10, 1, False), (9, 2, False), (None, 0, False)]
)
def test_only_a_record_that_was_marked_by_two_dead_processes_is_poison(
    marked: int | None, marks: int, is_poison: bool
) -> None:
    assert Assigned("id", 10, marked=marked, marks=marks, probe_until=110).is_poison is is_poison
