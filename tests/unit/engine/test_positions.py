"""Gaps between the stored position and the log: each names what is lost."""

from __future__ import annotations

import pytest

from hub.engine.intake.positions import gap
from hub.kafka.log_inspector import LogEnds


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (LogEnds("a", 0, 5), None),
        (LogEnds("a", 5, 5), None),
        (LogEnds("a", 5, 9), None),
        (LogEnds("a", 7, 9), "lost: offsets 5 to 6 are gone from the log"),
        (LogEnds("a", 0, 4), "truncated: the log ends at 4, stored next offset is 5"),
        (LogEnds("b", 0, 9), "recreated: stored topic id a, broker has b; stored next offset 5"),
    ],
)
def test_a_gap_says_what_is_lost(log: LogEnds, reason: str | None) -> None:
    assert gap("a", 5, log) == reason
