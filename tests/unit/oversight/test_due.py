"""How long there is yet until a deadline, and whom to call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.oversight.due import grouped, left
from tests.support.dossiers import MONDAY


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3, minutes=5), "3 h 05 min"),
        (timedelta(hours=-3, minutes=-5), "-3 h 05 min"),
        (timedelta(days=-2, hours=-4), "-2 d 4 h"),
    ],
)
def test_the_time_that_is_left_reads(time: timedelta, said: str) -> None:
    assert left(time) == said


def test_groups_are_counted_the_most_overdue_first() -> None:
    lines = [
        {
            "agency": agency,
            "is_overdue": is_overdue,
            "due_at": MONDAY + timedelta(hours=number),
            "dossier": number,
        }
        for number, (agency, is_overdue) in enumerate([("a", False), ("b", True), ("a", True), ("b", True)])
    ]
    assert grouped(lines, "agency") == [
        {"agency": "b", "overdue": 2, "due": 0, "first_at": MONDAY + timedelta(hours=1), "first_dossier": 1},
        {"agency": "a", "overdue": 1, "due": 1, "first_at": MONDAY, "first_dossier": 0},
    ]
