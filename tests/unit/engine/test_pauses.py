"""Topics that are left alone, and of which a taste is taken between two pauses."""

from __future__ import annotations

import time

from hub.engine.intake.pauses import TASTE_RECORDS, Pauses

TOPIC, PLACE = "in.a", ("in.a", 0)


def test_a_longer_pause_stays_when_a_shorter_one_comes() -> None:
    pauses = Pauses()
    pauses.set_aside(TOPIC, time.monotonic() + 900)
    pauses.set_aside(TOPIC, time.monotonic() - 1)
    pauses.forget()
    assert pauses.is_paused(PLACE)
    assert not pauses.is_paused(("in.b", 0))


def test_of_a_tasted_topic_few_records_are_taken_and_then_the_pause_begins_anew() -> None:
    pauses = Pauses()
    pauses.taste(TOPIC, 0.0)
    pauses.forget()
    assert not pauses.is_paused(PLACE)
    assert [pauses.share(TOPIC, 500), pauses.share(TOPIC, 3)] == [TASTE_RECORDS, 3]
    assert pauses.share("in.b", 500) == 500
    pauses.taste(TOPIC, 900.0)
    pauses.forget()
    pauses.tasted(TOPIC)
    assert pauses.is_paused(PLACE)


def test_a_trusted_topic_is_taken_as_the_others_and_one_that_was_only_set_aside_is_not_freed() -> None:
    pauses = Pauses()
    pauses.taste(TOPIC, 900.0)
    pauses.set_aside("in.b", time.monotonic() + 900)
    pauses.trust(TOPIC)
    pauses.trust("in.b")
    pauses.tasted(TOPIC)
    assert not pauses.is_paused(PLACE)
    assert pauses.share(TOPIC, 500) == 500
    assert pauses.is_paused(("in.b", 0))


def test_a_partition_that_cannot_be_read_is_left_alone_and_its_topic_is_not() -> None:
    pauses = Pauses()
    pauses.shun(PLACE)
    assert pauses.is_paused(PLACE)
    assert not pauses.is_paused(("in.a", 1))
