"""Whatever runs between the relay's steps: order per shard, nothing told twice, lost or kept."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.facts.message import Message
from hub.outbox.segments import KnownSegment, Outgoing, Segment, Segments, Written

SHARDS = 2
PAGE = 2


def message(id_: int) -> Message:
    return Message("out.a", str(id_), (), b"{}")


@dataclass(slots=True)
class Write:
    """A write of ours: what it took along, and what it brought once it is committed."""

    outgoing: Outgoing
    written: Written | None = None


class Outbox(RuleBasedStateMachine):
    """The registry between a table, a broker, the writes of this engine, and another engine."""

    def __init__(self) -> None:
        super().__init__()
        self.segments = Segments(PAGE)
        self.seen: set[int] = set()
        self.table: dict[int, int] = {}
        self.shard_of: dict[int, int] = {}
        self.broker: dict[int, list[int]] = {shard: [] for shard in range(SHARDS)}
        self.owned = set(range(SHARDS))
        self.is_epoch_seen = True
        self.write: Write | None = None
        self.taken: dict[int, list[KnownSegment]] = {}
        self.marking: list[int] = []

    def insert(self, shard: int) -> int:
        id_ = len(self.shard_of) + 1
        self.shard_of[id_] = self.table[id_] = shard
        return id_

    def page(self, owned: list[int], known: list[int], limit: int) -> list[Segment]:
        rows = [id_ for id_, shard in sorted(self.table.items()) if shard in owned and id_ not in known]
        return [Segment(id_, self.table[id_], b"", None) for id_ in rows[:limit]]

    # This engine's writes

    @precondition(lambda self: self.write is None)
    @rule()
    def a_write_begins(self) -> None:
        self.write = Write(self.segments.begin_write(self.owned if self.is_epoch_seen else ()))

    @precondition(lambda self: self.write is not None and self.write.written is None)
    @rule(shards=st.sets(st.integers(0, SHARDS - 1)))
    def a_write_is_committed(self, shards: set[int]) -> None:
        assert self.write is not None
        outgoing = self.write.outgoing
        for id_ in outgoing.published:
            self.table.pop(id_, None)
        fresh = {shard: self.insert(shard) for shard in sorted(shards)}
        older = self.page(outgoing.owned, [*outgoing.known, *fresh.values()], PAGE)
        self.write.written = Written(fresh, older)

    @precondition(lambda self: self.write is not None and self.write.written is not None)
    @rule()
    def a_write_tells(self) -> None:
        assert self.write is not None
        assert self.write.written is not None
        messages = {shard: [message(id_)] for shard, id_ in self.write.written.fresh.items()}
        self.segments.end_write(self.write.outgoing, self.write.written, messages, 0)
        self.write = None

    @precondition(lambda self: self.write is not None)
    @rule()
    def a_write_fails_and_nobody_knows_how(self) -> None:
        assert self.write is not None
        self.segments.fail_write(self.write.outgoing)
        self.write = None

    # The relay

    @precondition(lambda self: not self.taken and not self.marking)
    @rule(is_looking=st.booleans())
    def the_relay_takes(self, is_looking: bool) -> None:
        if not self.is_epoch_seen:
            self.is_epoch_seen = True
            self.segments.forget_unpublished()
        self.segments.is_behind |= is_looking
        horizon = None
        if self.segments.is_behind:
            self.segments.is_behind = False
            rows = self.page(sorted(self.owned), self.segments.known, PAGE)
            self.segments.offer_page(rows)
            horizon = rows[-1].id if len(rows) == PAGE else None
        for row in self.segments.unread():
            self.segments.read(row.id, [message(row.id)])
        self.taken = self.segments.take(self.owned, horizon)

    @precondition(lambda self: self.taken)
    @rule()
    def the_brokers_acknowledge(self) -> None:
        for shard, segments in self.taken.items():
            self.broker[shard].extend(int(m.key) for segment in segments for m in segment.messages)
        self.segments.published(self.taken.values())
        self.taken = {}

    @precondition(lambda self: self.taken)
    @rule()
    def publishing_fails_before_anything_is_out(self) -> None:
        self.segments.give_up(self.taken.values())
        self.taken = {}

    @precondition(lambda self: not self.taken and not self.marking and self.segments.has_published)
    @rule()
    def marking_begins(self) -> None:
        self.marking = self.segments.begin_marking()

    @precondition(lambda self: self.marking)
    @rule(is_known=st.booleans())
    def marking_ends(self, is_known: bool) -> None:
        for id_ in self.marking:
            self.table.pop(id_, None)
        (self.segments.marked if is_known else self.segments.not_marked)(self.marking)
        self.marking = []

    # The other engine

    @rule(shard=st.integers(0, SHARDS - 1))
    def another_engine_writes(self, shard: int) -> None:
        self.insert(shard)

    @rule(shard=st.integers(0, SHARDS - 1), is_coming_back=st.booleans())
    def a_shard_is_given_back_and_published_by_another(self, shard: int, is_coming_back: bool) -> None:
        if shard not in self.owned or self.segments.is_busy(shard):
            return
        self.is_epoch_seen = False
        for row in self.page([shard], [], len(self.table)):
            self.broker[shard].append(row.id)
            del self.table[row.id]
        if not is_coming_back:
            self.owned.discard(shard)

    @rule()
    def the_shards_come_back(self) -> None:
        self.segments.is_behind |= len(self.owned) < SHARDS  # as the relay looks at shards that are new
        self.owned = set(range(SHARDS))

    # What holds

    @invariant()
    def each_shard_is_told_in_order_and_once(self) -> None:
        for told in self.broker.values():
            assert told == sorted(set(told))

    @invariant()
    def what_is_told_is_known_until_its_row_is_deleted(self) -> None:
        told = {id_ for ids in self.broker.values() for id_ in ids}
        assert told & self.table.keys() <= set(self.segments.known)

    @invariant()
    def nothing_is_forgotten_before_it_is_told(self) -> None:
        """What is of a shard that went to another engine is for that one to tell."""
        told = {id_ for ids in self.broker.values() for id_ in ids}
        known = set(self.segments.known)
        self.seen |= known
        ours = {id_ for id_, shard in self.table.items() if shard in self.owned}
        assert self.segments.is_behind or not (self.seen & ours) - told - known

    def teardown(self) -> None:
        """Everything comes to rest: then all is told, and nothing is known any more."""
        if self.write is not None:
            self.a_write_fails_and_nobody_knows_how()
        if self.taken:
            self.the_brokers_acknowledge()
        if self.marking:
            self.marking_ends(True)
        self.the_shards_come_back()
        for _ in range(len(self.table) + 2):
            self.the_relay_takes(True)
            if self.taken:
                self.the_brokers_acknowledge()
            if self.segments.has_published:
                self.marking_begins()
                self.marking_ends(True)
        assert sorted(id_ for told in self.broker.values() for id_ in told) == sorted(self.shard_of)
        assert not self.table
        assert not self.segments.known
        self.each_shard_is_told_in_order_and_once()


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
