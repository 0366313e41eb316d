"""The room for bodies: nobody takes more than its part, and what is taken comes back."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from hub.gateway.holding import Room
from hub.gateway.problems import ProblemError


def test_one_participant_has_a_quarter_and_others_have_theirs() -> None:
    room = Room(100)
    with ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(room.held("a", 12))
        with pytest.raises(ProblemError, match="too_much_at_once"), room.held("a", 2):
            pass
        taken.enter_context(room.held("b", 25))
    with room.held("a", 25):
        pass


def test_a_single_body_larger_than_a_part_has_its_place_while_there_is_room() -> None:
    room = Room(100)
    with room.held("a", 60):
        with pytest.raises(ProblemError), room.held("b", 50):
            pass
        with room.held("b", 40):
            pass
    with room.held("b", 100):
        pass


def test_what_ends_with_an_error_is_given_back() -> None:
    room = Room(100)
    for _ in range(10):
        with pytest.raises(ValueError, match="x"), room.held("a", 90):
            raise ValueError("x")
