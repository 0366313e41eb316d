"""Publishes the outbox of the owned shards: unmarked segments in id order, the process's own from memory."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from hub import crashpoints
from hub.facts.message import Message
from hub.outbox.publisher import Publisher
from hub.outbox.segments import Outgoing, Segment, Written
from hub.outbox.shards import Shards
from hub.outbox.stored import StoredSegments
from hub.postgres.away import AWAY
from hub.postgres.database import Session

_POLL_S = 0.05
_MARK_S = 0.2
_RETRY_S = 0.25
_UNCONFIRMED_S = 0.02
_PAGE = 200
_MARK = """
delete from segment where id in (select id from segment where id = any($1) order by id for update)
"""
_OLDER = """
select id, shard, payload, mac from segment where shard = any($1) and id <> all($2) order by id limit $3
"""


OnPublished = Callable[[Sequence[float]], None]
"""Gets the age in seconds of the oldest request of each own segment that was published."""


class Relay:
    """One per process. A segment is known from the moment it is offered until its row is deleted.

    A shard is ready when it is owned and its blocked lanes are known; only ready shards are published.
    """

    def __init__(
        self, publisher: Publisher, session: Session, shards: Shards, stored: StoredSegments,
        on_published: OnPublished,
    ) -> None:  # fmt: skip
        self._publisher = publisher
        self._session = session
        self._stored = stored
        self._shards = shards
        self._epoch = 0
        self._ready: set[int] = set()
        self._waiting: dict[int, dict[int, Sequence[Message]]] = {}
        self._unread: dict[int, Segment] = {}
        self._known: set[int] = set()
        self._published: list[int] = []
        self._unmarked: dict[int, int] = {}
        self._marked: list[int] = []
        self._is_writing = False
        self._received: dict[int, int] = {}
        self._on_published = on_published
        self._in_flight: set[int] = set()
        self._flying = 0
        self._horizon: int | None = None
        self._woken = asyncio.Event()
        self._is_behind = True
        self._marked_at = 0.0
        self.last_publish = time.monotonic()

    # What the engine's writes take along

    def outgoing(self) -> Outgoing:
        """Marks and knowledge for the next write; give it back with `written` or `not_written`."""
        published, self._published = self._published, []
        self._is_writing = True
        return Outgoing(published, sorted(self._ready & self._shards.owned), list(self._known))

    def not_written(self, outgoing: Outgoing) -> None:
        """The write was rolled back, or nobody knows: its marks are still to be made."""
        self._published.extend(outgoing.published)
        self._is_writing = False
        self._forget([])

    def written(
        self,
        outgoing: Outgoing,
        written: Written,
        messages: Mapping[int, Sequence[Message]],
        received_ms: int,
    ) -> None:
        """The write is committed: older segments first, then its own for the shards that are ours.

        `received_ms` is the time of receipt of the oldest request in it.
        """
        self._offer_older(written.older)
        for shard, segment_id in written.fresh.items():
            if shard in outgoing.owned and segment_id not in self._known:
                self._received[segment_id] = received_ms
                self._known.add(segment_id)
                self._waiting.setdefault(shard, {})[segment_id] = messages[shard]
        self._is_writing = False
        self._forget(outgoing.published)
        self._woken.set()

    @property
    def backlog(self) -> int:
        """Segments that are offered and not published yet."""
        return self._flying + len(self._unread) + sum(map(len, self._waiting.values()))

    @property
    def blocked_topics(self) -> frozenset[str]:
        """Topics of our shards that cannot be written."""
        return self._publisher.blocked_topics(self._shards.owned)

    def is_busy(self, shard: int) -> bool:
        """Whether something of the shard is on its way or not marked yet, so that its lock must be kept."""
        is_unmarked = shard in self._unmarked.values()
        return is_unmarked or shard in self._in_flight or self._publisher.is_busy(shard)

    async def finish(self, limit_s: float) -> None:
        """Wait until all that was offered is published and marked, or until the limit."""
        with contextlib.suppress(*AWAY):
            async with asyncio.timeout(limit_s):
                while self.backlog or self._unmarked:  # noqa: ASYNC110  counters, no event
                    await asyncio.sleep(_UNCONFIRMED_S)  # the relay's own task is at work

    # The tasks

    async def step(self) -> None:
        """One round: learn what is ours, fetch what others left, publish, mark; raises what is `AWAY`."""
        await self._wait()
        if self._shards.is_confirmed and self._shards.owned:
            await self._get_ready()
            await self._poll()
            await self._publish_round()
        else:
            await asyncio.sleep(_UNCONFIRMED_S)
        if self._published and time.monotonic() - self._marked_at > _MARK_S:
            await self._mark()

    async def retry_step(self) -> None:
        """Try again what could not be written; beside `step`."""
        await asyncio.sleep(_RETRY_S)
        if self._shards.is_confirmed:
            await self._publisher.retry(self._ready & self._shards.owned)

    async def _wait(self) -> None:
        if self._is_behind or self._unread or any(self._waiting.values()):
            return
        try:
            await asyncio.wait_for(self._woken.wait(), _POLL_S)
        except TimeoutError:
            self._is_behind = True
        self._woken.clear()

    async def _get_ready(self) -> None:
        if self._shards.epoch != self._epoch:
            self._epoch = self._shards.epoch
            self._ready.clear()
        new = self._shards.owned - self._ready
        if new:
            await self._publisher.load_blocked(new)
            self._ready |= new
            self._is_behind = True

    async def _poll(self) -> None:
        """Segments that others wrote, or that were left behind: a page in id order.

        While there is more than a page, nothing behind the page may be published.
        """
        self._horizon = None
        if not self._is_behind or not self._ready:
            return
        self._is_behind = False
        rows = await self._session.fetch(_OLDER, sorted(self._ready), list(self._known), _PAGE)
        if len(rows) == _PAGE:
            self._horizon = rows[-1]["id"]
        self._offer_older([Segment(row["id"], row["shard"], row["payload"], row["mac"]) for row in rows])

    def _offer_older(self, older: Sequence[Segment]) -> None:
        for segment in older:
            if segment.id not in self._known:
                self._known.add(segment.id)
                self._unread[segment.id] = segment
        if len(older) >= _PAGE:
            self._is_behind = True

    async def _read_older(self) -> None:
        """Make messages of the segments that came as bytes: they go out before what is newer."""
        while self._unread:
            unread = dict(self._unread)
            read = await self._stored.messages(list(unread.values()))
            for segment, messages in zip(unread.values(), read, strict=True):
                if messages is not None:  # else it stays in the table, known and never published
                    self._waiting.setdefault(segment.shard, {})[segment.id] = messages
                del self._unread[segment.id]

    async def _publish_round(self) -> None:
        await self._read_older()
        taken = self._take_ours()
        if not taken:
            return
        rounds = {
            shard: [message for _, messages in sorted(segments.items()) for message in messages]
            for shard, segments in taken.items()
        }
        crashpoints.reached("before_publish")
        self._in_flight, self._flying = set(taken), sum(map(len, taken.values()))
        try:
            await self._publisher.publish(rounds)
        except BaseException:
            for segments in taken.values():
                self._known.difference_update(segments)
            self._is_behind = True
            raise
        finally:
            self._in_flight, self._flying = set(), 0
        crashpoints.reached("after_publish")
        published = {segment_id: shard for shard, segments in taken.items() for segment_id in segments}
        self._published.extend(published)
        self._unmarked.update(published)
        self._tell_ages(published)
        self.last_publish = time.monotonic()

    def _tell_ages(self, published: Iterable[int]) -> None:
        now_ms = time.time() * 1000
        received = [self._received.pop(segment_id, None) for segment_id in published]
        self._on_published([(now_ms - ms) / 1000 for ms in received if ms is not None])

    def _take_ours(self) -> dict[int, dict[int, Sequence[Message]]]:
        """What waits and may go out now; what belongs to shards that were lost meanwhile is forgotten."""
        waiting, self._waiting = self._waiting, {}
        is_ours = self._epoch == self._shards.epoch
        taken: dict[int, dict[int, Sequence[Message]]] = {}
        for shard, segments in waiting.items():
            if not (is_ours and shard in self._ready and shard in self._shards.owned):
                self._known.difference_update(segments)
                for segment_id in segments:
                    self._received.pop(segment_id, None)
                self._is_behind = True
            elif self._horizon is None:
                taken[shard] = segments
            else:
                self._waiting[shard] = {i: m for i, m in segments.items() if i > self._horizon}
                taken[shard] = {i: m for i, m in segments.items() if i <= self._horizon}
        return {shard: segments for shard, segments in taken.items() if segments}

    async def _mark(self) -> None:
        published, self._published = self._published, []
        try:
            await self._session.execute(_MARK, published)
        except BaseException:
            self._published.extend(published)
            raise
        self._forget(published)
        self._marked_at = time.monotonic()
        crashpoints.reached("after_mark")

    def _forget(self, marked: Sequence[int]) -> None:
        """Let go of deleted segments, once no write is under way that may still tell of them."""
        for segment_id in marked:
            self._unmarked.pop(segment_id, None)
        self._marked.extend(marked)
        if not self._is_writing:
            self._known.difference_update(self._marked)
            self._marked.clear()
