"""The segments that an engine knows, each in one state from its offer until its row is deleted (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter

from hub.facts.message import Message

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the relay knows of the shards that this process owns."""

    published: list[int]
    owned: list[int]
    known: list[int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as it is stored; `mac` is the check of its row."""

    id: int
    shard: int
    payload: bytes
    mac: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """Ids of the batch's own segments by shard, and older unpublished segments of owned shards."""

    fresh: dict[int, int]
    older: list[Segment]


class SegmentState(IntEnum):
    """Where a known segment stands; what is in none of these is not known."""

    UNREAD = 0
    """Came from the table: no messages are made of it yet."""
    UNUSABLE = 1
    """No messages can be made of it: it stays in the table."""
    WAITING = 2
    """Its messages wait to be published."""
    TAKEN = 3
    """Its messages are on their way to the brokers."""
    PUBLISHED = 4
    """Acknowledged or set aside; its row has to be deleted."""
    MARKING = 5
    """A statement that deletes its row is under way."""
    DELETED = 6
    """Its row is gone, but a write under way may still tell of it."""


_UNREAD, _UNUSABLE, _WAITING, _TAKEN, _PUBLISHED, _MARKING, _DELETED = SegmentState
_FOLLOWING = {
    (before, after): after
    for before, after in (
        (_UNREAD, _WAITING),
        (_UNREAD, _UNUSABLE),
        (_WAITING, _TAKEN),
        (_TAKEN, _PUBLISHED),
        (_PUBLISHED, _MARKING),
        (_MARKING, _DELETED),
        (_MARKING, _PUBLISHED),
    )
}
"""All transitions but the first and the last: a segment is offered unread or waiting, and forgotten."""
_UNPUBLISHED = (_UNREAD, _WAITING, _TAKEN)
_UNMARKED = (_PUBLISHED, _MARKING)


_id = attrgetter("id")


@dataclass(slots=True, eq=False)
class KnownSegment:
    """`row` is there while it is unread, `messages` until they are published, `received_ms` of own ones."""

    id: int
    shard: int
    state: SegmentState
    row: Segment | None = None
    messages: Sequence[Message] = ()
    received_ms: int | None = None


class Segments:
    """All that are known. One is forgotten when its row is deleted, or when it may be another engine's."""

    def __init__(self, page: int = _PAGE) -> None:
        self.page = page
        """At most so many come from the table at once."""
        self._known: dict[int, KnownSegment] = {}
        self._in: tuple[dict[int, KnownSegment], ...] = tuple({} for _ in SegmentState)
        self._is_write_under_way = False
        self._is_write_outdated = False
        self.is_behind = True
        """Whether the table may hold segments of ours that are not known."""

    # Offers

    def offer_page(self, rows: Sequence[Segment]) -> None:
        """Segments that the table has; a full page may not be all."""
        for row in rows:
            if row.id not in self._known:
                self._add(KnownSegment(row.id, row.shard, _UNREAD, row=row))
        if len(rows) >= self.page:
            self.is_behind = True

    def offer_own(self, id_: int, shard: int, messages: Sequence[Message], received_ms: int) -> None:
        """A segment of our own write, whose messages are in memory."""
        if id_ not in self._known:
            self._add(KnownSegment(id_, shard, _WAITING, messages=messages, received_ms=received_ms))

    def unread(self) -> list[Segment]:
        """The rows of which messages have to be made before anything newer goes out."""
        return [segment.row for segment in self._in[_UNREAD].values() if segment.row is not None]

    def read(self, id_: int, messages: Sequence[Message] | None) -> None:
        """The messages of an unread row; None when there can be none."""
        segment = self._known[id_]
        segment.row, segment.messages = None, messages or ()
        self._move((segment,), _UNREAD, _UNUSABLE if messages is None else _WAITING)

    # Publishing

    def take(self, ours: Collection[int], horizon: int | None) -> dict[int, list[KnownSegment]]:
        """What waits of our shards up to the horizon, in order; what waits of others is forgotten."""
        taken: dict[int, list[KnownSegment]] = {}
        for segment in self._in[_WAITING].values():
            if segment.shard not in ours or horizon is None or segment.id <= horizon:
                taken.setdefault(segment.shard, []).append(segment)
        for shard in taken.keys() - ours:
            self._forget(taken.pop(shard))
            self.is_behind = True
        for segments in taken.values():
            segments.sort(key=_id)
            self._move(segments, _WAITING, _TAKEN)
        return taken

    def published(self, taken: Iterable[Sequence[KnownSegment]]) -> list[int]:
        """All of these are out; the times of receipt of our own."""
        received_ms = []
        for segments in taken:
            self._move(segments, _TAKEN, _PUBLISHED)
            for segment in segments:
                segment.messages = ()
                if segment.received_ms is not None:
                    received_ms.append(segment.received_ms)
        return received_ms

    def give_up(self, taken: Iterable[Sequence[KnownSegment]]) -> None:
        """Nobody knows what of these is out: they are taken from the table again."""
        for segments in taken:
            self._forget(segments)
        self.is_behind = True

    def forget_unpublished(self) -> None:
        """Locks were lost: others may have published what waits, and what a write under way tells of."""
        for state in (_UNREAD, _WAITING):
            self._forget(list(self._in[state].values()))
        self._is_write_outdated = self._is_write_under_way
        self.is_behind = True

    # Marking

    def begin_marking(self) -> list[int]:
        """Ids of all that are published; end it with `marked` or `not_marked`."""
        published = list(self._in[_PUBLISHED].values())
        self._move(published, _PUBLISHED, _MARKING)
        return [segment.id for segment in published]

    def marked(self, ids: Iterable[int]) -> None:
        """Their rows are deleted."""
        self._move([self._known[id_] for id_ in ids], _MARKING, _DELETED)
        self._forget_deleted()

    def not_marked(self, ids: Iterable[int]) -> None:
        """Nobody knows whether their rows are deleted."""
        self._move([self._known[id_] for id_ in ids], _MARKING, _PUBLISHED)

    # Writes of the engine, one at a time

    def begin_write(self, owned: Collection[int]) -> Outgoing:
        """Marks and knowledge for a write; end it with `end_write` or `fail_write`."""
        self._is_write_under_way, self._is_write_outdated = True, False
        return Outgoing(self.begin_marking(), sorted(owned), list(self._known))

    def fail_write(self, outgoing: Outgoing) -> None:
        """It was rolled back, or nobody knows."""
        self._is_write_under_way = False
        self.not_marked(outgoing.published)
        self._forget_deleted()

    def end_write(
        self,
        outgoing: Outgoing,
        written: Written,
        messages: Mapping[int, Sequence[Message]],
        received_ms: int,
    ) -> None:
        """It is committed: what is older comes from the table, its own of owned shards from `messages`."""
        self._is_write_under_way = False
        if not self._is_write_outdated:
            self.offer_page(written.older)
            for shard, id_ in written.fresh.items():
                if shard in outgoing.owned:
                    self.offer_own(id_, shard, messages[shard], received_ms)
        self.marked(outgoing.published)

    # What is known

    @property
    def known(self) -> list[int]:
        """Ids of all."""
        return list(self._known)

    @property
    def backlog(self) -> int:
        """How many are offered and not published yet."""
        return sum(len(self._in[state]) for state in _UNPUBLISHED)

    @property
    def unmarked(self) -> int:
        """How many are published and not marked yet."""
        return sum(len(self._in[state]) for state in _UNMARKED)

    @property
    def has_published(self) -> bool:
        """Whether something is published whose marking has not begun."""
        return bool(self._in[_PUBLISHED])

    def is_busy(self, shard: int) -> bool:
        """Whether something of the shard is on its way or not marked yet."""
        held = (segment for state in (_TAKEN, *_UNMARKED) for segment in self._in[state].values())
        return any(segment.shard == shard for segment in held)

    def _add(self, segment: KnownSegment) -> None:
        self._known[segment.id] = segment
        self._in[segment.state][segment.id] = segment

    def _move(self, segments: Iterable[KnownSegment], before: SegmentState, state: SegmentState) -> None:
        """`KeyError` when one is not in the state before, or that state has no such way out."""
        here, there = self._in[before], self._in[_FOLLOWING[before, state]]
        for segment in segments:
            there[segment.id] = here.pop(segment.id)
            segment.state = state

    def _forget(self, segments: Iterable[KnownSegment]) -> None:
        for segment in segments:
            del self._known[segment.id], self._in[segment.state][segment.id]

    def _forget_deleted(self) -> None:
        """Once no write is under way that may still tell of them."""
        if not self._is_write_under_way:
            for id_ in self._in[_DELETED]:
                del self._known[id_]
            self._in[_DELETED].clear()
