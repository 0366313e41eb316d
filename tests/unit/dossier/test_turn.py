"""Whose turn it is in a dossier, and what others were asked for."""

from __future__ import annotations

from hub.dossier.turn import open_requests, side_of, turn_of
from tests.support.dossiers import (
    COUNTER,
    ONE_STOP,
    Story,
    pickup,
    submission,
    supplement_request,
    verification,
)


def accepted() -> Story:
    story = Story()
    story.send(submission(), COUNTER)
    return story


def test_the_turn_follows_the_state() -> None:
    story = accepted()
    assert story.dossier is not None
    assert turn_of(story.dossier) == f"one_stop {ONE_STOP}"
    story.send(supplement_request(), COUNTER)
    assert side_of(story.dossier) == "applicant"
    assert [one.of for one in open_requests(story.dossier)] == ["applicant"]


def test_what_others_were_asked_for_is_open_until_they_answer() -> None:
    story = accepted()
    story.send(verification(), COUNTER)
    story.send(pickup(), COUNTER)
    assert story.dossier is not None
    assert {one.of for one in open_requests(story.dossier)} == {"population", "post"}
