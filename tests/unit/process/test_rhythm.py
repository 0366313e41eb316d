"""What goes on and on is told at once, then once a minute with how often it was."""

from __future__ import annotations

import logging
import time

import pytest

from hub.process import client_logs
from hub.process.rhythm import EVERY_S, Line, Rhythm


def test_the_first_is_told_at_once_and_the_rest_once_a_minute_with_the_last_example() -> None:
    rhythm: Rhythm[str, int] = Rhythm()
    assert rhythm.add("a", 2, 1, 0.0) == Line("a", 2, 1)
    assert [rhythm.add("a", 3, number, 1.0) for number in (2, 3)] == [None, None]
    assert rhythm.add("b", 1, 9, 1.0) == Line("b", 1, 9), "each kind for itself"
    assert rhythm.due(EVERY_S - 1) == []
    assert rhythm.due(EVERY_S) == [Line("a", 6, 3)]
    assert rhythm.add("a", 1, 4, EVERY_S + 1) is None, "a minute from the last line on"
    assert rhythm.due(2 * EVERY_S + 1) == [Line("a", 1, 4)]


def test_what_was_quiet_for_a_minute_is_told_at_once_again() -> None:
    rhythm: Rhythm[str, int] = Rhythm()
    rhythm.add("a", 1, 1, 0.0)
    assert rhythm.due(EVERY_S) == []
    assert rhythm.add("a", 1, 2, EVERY_S) == Line("a", 1, 2)


def line_of(text: str) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.consumer.group_coordinator", logging.ERROR, "x", 1, text, (), None)


def test_what_passes_at_a_start_is_logged_only_when_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    once = client_logs.OncePerWhile()
    passing, other = "Group Coordinator Request failed: %s", "Unable connect to %s"
    assert (once.filter(line_of(passing)), once.filter(line_of(other))) == (False, True)
    assert not once.filter(line_of("Auto create topics is disabled. Make sure the topics exist."))
    said = []
    for _ in range(400):
        now[0] += 0.1
        said.append(once.filter(line_of(passing)))
    assert 149 <= said.index(True) <= 151, "after 15 s on end"
    assert sum(said) == 3, "and from then on once in ten seconds"
    now[0] += 60
    assert not once.filter(line_of(passing)), "another time"
