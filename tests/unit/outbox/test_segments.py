"""The registry of segments: what each call does to their states, and what it does not let happen."""

from __future__ import annotations

import pytest

from hub.facts.message import Message
from hub.outbox.segments import Segment, Segments, SegmentState, Written


def message(name: str) -> Message:
    return Message("out.a", name, (), b"{}")


def row(id_: int, shard: int = 0) -> Segment:
    return Segment(id_, shard, b"", None)


def own(segments: Segments, *ids: int, shard: int = 0) -> None:
    for id_ in ids:
        segments.offer_own(id_, shard, [message(str(id_))], id_ * 1000)


def keys(segments: Segments, shards: set[int], horizon: int | None = None) -> list[str]:
    """Take, and publish at once; the keys of what went out, in order."""
    taken = segments.take(shards, horizon)
    out = [m.key for own in taken.values() for segment in own for m in segment.messages]
    segments.published(taken.values())
    return out


def test_what_waits_of_a_shard_goes_out_in_the_order_of_ids_whatever_the_order_of_offers() -> None:
    segments = Segments()
    own(segments, 7, 3)
    segments.offer_page([row(5)])
    segments.read(5, [message("5")])
    assert keys(segments, {0}) == ["3", "5", "7"]


def test_behind_the_horizon_nothing_goes_out() -> None:
    segments = Segments()
    own(segments, 1, 2, 3)
    assert keys(segments, {0}, 2) == ["1", "2"]
    assert segments.backlog == 1
    assert keys(segments, {0}) == ["3"]


def test_what_waits_of_a_shard_that_is_not_ours_is_forgotten_and_looked_for_again() -> None:
    segments = Segments()
    segments.is_behind = False
    own(segments, 1)
    own(segments, 2, shard=1)
    assert keys(segments, {1}) == ["2"]
    assert segments.known == [2]
    assert segments.is_behind


def test_a_segment_that_is_known_is_not_taken_up_twice() -> None:
    segments = Segments()
    own(segments, 1)
    segments.offer_page([row(1)])
    own(segments, 1)
    assert (segments.unread(), segments.backlog) == ([], 1)


def test_a_row_without_messages_stays_known_and_is_never_taken() -> None:
    segments = Segments()
    segments.offer_page([row(1)])
    segments.read(1, None)
    assert keys(segments, {0}) == []
    assert (segments.known, segments.backlog) == ([1], 0)


def test_a_full_page_may_not_be_all() -> None:
    segments = Segments(page=2)
    segments.is_behind = False
    segments.offer_page([row(1)])
    assert not segments.is_behind
    segments.offer_page([row(2), row(3)])
    assert segments.is_behind


def test_a_shard_is_busy_from_the_taking_to_the_mark() -> None:
    segments = Segments()
    own(segments, 1)
    assert not segments.is_busy(0)
    taken = segments.take({0}, None)
    assert (segments.is_busy(0), segments.is_busy(1)) == (True, False)
    assert segments.published(taken.values()) == [1000]
    marking = segments.begin_marking()
    assert (segments.is_busy(0), segments.has_published, segments.unmarked) == (True, False, 1)
    segments.marked(marking)
    assert (segments.is_busy(0), segments.known) == (False, [])


def test_marks_of_a_write_that_failed_are_made_again() -> None:
    segments = Segments()
    own(segments, 1)
    keys(segments, {0})
    outgoing = segments.begin_write({0})
    assert (outgoing.published, outgoing.known) == ([1], [1])
    segments.fail_write(outgoing)
    assert segments.begin_marking() == [1]


def test_a_deleted_segment_is_known_while_a_write_may_still_tell_of_it() -> None:
    segments = Segments()
    outgoing = segments.begin_write({0})
    own(segments, 1)
    keys(segments, {0})
    segments.marked(segments.begin_marking())
    assert segments.known == [1]
    segments.end_write(outgoing, Written({}, [row(1)]), {}, 0)
    assert (segments.known, segments.backlog) == ([], 0)


def test_only_own_segments_of_owned_shards_come_from_memory() -> None:
    segments = Segments()
    outgoing = segments.begin_write({0})
    segments.end_write(outgoing, Written({0: 1, 1: 2}, []), {0: [message("1")], 1: [message("2")]}, 0)
    assert segments.known == [1]


def test_what_a_write_tells_counts_for_nothing_when_locks_were_lost_meanwhile() -> None:
    segments = Segments()
    outgoing = segments.begin_write({0})
    segments.forget_unpublished()
    segments.end_write(outgoing, Written({0: 1}, [row(2)]), {0: [message("1")]}, 0)
    assert segments.known == []
    assert segments.is_behind


def test_what_failed_to_go_out_is_taken_from_the_table_again() -> None:
    segments = Segments()
    own(segments, 1)
    segments.is_behind = False
    segments.give_up(segments.take({0}, None).values())
    assert (segments.known, segments.is_behind, segments.is_busy(0)) == ([], True, False)


def test_no_segment_leaves_its_order_of_states() -> None:
    segments = Segments()
    own(segments, 1)
    taken = segments.take({0}, None)
    segments.published(taken.values())
    assert taken[0][0].state is SegmentState.PUBLISHED
    with pytest.raises(KeyError):
        segments.published(taken.values())
    with pytest.raises(KeyError):
        segments.marked([1])
