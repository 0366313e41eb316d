"""Publishes the outbox of the owned shards: unmarked segments in id order, the process's own from memory."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from hub import crashpoints
from hub.facts.message import Message
from hub.outbox.publisher import Publisher
from hub.outbox.segments import Outgoing, Segment, Segments, Written
from hub.outbox.shards import Shards
from hub.outbox.stored import StoredSegments
from hub.postgres.away import AWAY
from hub.postgres.database import Session

_POLL_S, _ALONE_POLL_S = 0.05, 0.5
"""How often is looked for what others wrote: other engines do, and seldom a command where there are none."""
_MARK_S = 0.2
_RETRY_S = 0.25
_UNCONFIRMED_S = 0.02
_MARK = """
delete from segment where id in (select id from segment where id = any($1) order by id for update)
"""
_OLDER = """
select id, shard, payload, mac from segment where shard = any($1) and id <> all($2) order by id limit $3
"""


OnPublished = Callable[[Sequence[float]], None]
"""Gets the age in seconds of the oldest request of each own segment that was published."""


class Relay:
    """One per process: drives what `Segments` knows through publisher and table.

    A shard is ready when it is owned and its blocked lanes are known; only ready shards are published.
    """

    def __init__(
        self, publisher: Publisher, session: Session, shards: Shards, stored: StoredSegments,
        on_published: OnPublished,
    ) -> None:  # fmt: skip
        self._publisher = publisher
        self._session = session
        self._shards = shards
        self._stored = stored
        self._on_published = on_published
        self._segments = Segments()
        self._ready: set[int] = set()  # of the epoch
        self._epoch = 0  # of the shards, when it was last looked at
        self._woken = asyncio.Event()  # a write has told of segments
        self._marked_at = 0.0
        self._is_finishing = False  # only what has to go out before ours is still fetched
        self.last_publish = time.monotonic()

    # What the engine's writes take along

    def outgoing(self) -> Outgoing:
        """Marks and knowledge for the next write; give it back with `written` or `not_written`."""
        return self._segments.begin_write(self._ready & self._shards.owned)

    def not_written(self, outgoing: Outgoing) -> None:
        """The write was rolled back, or nobody knows: its marks are still to be made."""
        self._segments.fail_write(outgoing)

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
        self._segments.end_write(outgoing, written, messages, received_ms)
        self._woken.set()

    @property
    def backlog(self) -> int:
        """Segments that are offered and not published yet."""
        return self._segments.backlog

    @property
    def blocked_topics(self) -> frozenset[str]:
        """Topics of our shards that cannot be written."""
        return self._publisher.blocked_topics(self._shards.owned)

    def is_busy(self, shard: int) -> bool:
        """Whether something of the shard is on its way or not marked yet, so that its lock must be kept."""
        return self._segments.is_busy(shard) or self._publisher.is_busy(shard)

    async def finish(self, limit_s: float) -> None:
        """Take up nothing new; wait until all that was offered is published and marked, or until the limit.

        What the other engines go on writing would keep this one from an end: it would be cut off between an
        acknowledgement and its mark, and the next owner of the shard would tell the same again.
        """
        self._is_finishing = True
        with contextlib.suppress(*AWAY):
            async with asyncio.timeout(limit_s):
                while self.backlog or self._segments.unmarked:  # noqa: ASYNC110  counters, no event
                    await asyncio.sleep(_UNCONFIRMED_S)  # the relay's own task is at work

    # The tasks

    async def step(self) -> None:
        """One round: learn what is ours, fetch what others left, publish, mark; raises what is `AWAY`."""
        await self._wait()
        if self._shards.is_confirmed and self._shards.owned:
            await self._get_ready()
            horizon = await self._poll()
            await self._read_older()
            await self._publish_round(horizon)
        else:
            await asyncio.sleep(_UNCONFIRMED_S)
        if self._segments.has_published and time.monotonic() - self._marked_at > _MARK_S:
            await self._mark()

    async def retry_step(self) -> None:
        """Try again what could not be written; beside `step`."""
        await asyncio.sleep(_RETRY_S)
        if self._shards.is_confirmed:
            await self._publisher.retry(self._ready & self._shards.owned)

    async def _wait(self) -> None:
        if self._segments.backlog or (self._segments.is_behind and not self._is_finishing):
            return
        try:
            await asyncio.wait_for(
                self._woken.wait(), _ALONE_POLL_S if self._shards.are_all_owned else _POLL_S
            )
        except TimeoutError:
            self._segments.is_behind = True
        self._woken.clear()

    async def _get_ready(self) -> None:
        if self._shards.epoch != self._epoch:
            self._epoch = self._shards.epoch
            self._ready.clear()
            self._segments.forget_unpublished()
        new = self._shards.owned - self._ready
        if new:
            await self._publisher.load_blocked(new)
            self._ready |= new
            self._segments.is_behind = True

    async def _poll(self) -> int | None:
        """Segments that others wrote, or that were left behind: a page in id order.

        While there is more than a page, nothing behind the page may be published: its last id is returned.
        """
        if not self._segments.is_behind or not self._ready:
            return None
        if self._is_finishing and not self._segments.backlog:
            return None
        self._segments.is_behind = False
        known, page = self._segments.known, self._segments.page
        rows = await self._session.fetch(_OLDER, sorted(self._ready), known, page)
        self._segments.offer_page(
            [Segment(row["id"], row["shard"], row["payload"], row["mac"]) for row in rows]
        )
        return rows[-1]["id"] if len(rows) == page else None

    async def _read_older(self) -> None:
        """Make messages of the segments that came as bytes: they go out before what is newer."""
        while unread := self._segments.unread():
            for row, messages in zip(unread, await self._stored.messages(unread), strict=True):
                self._segments.read(row.id, messages)

    async def _publish_round(self, horizon: int | None) -> None:
        taken = self._segments.take(self._ours(), horizon)
        if not taken:
            return
        crashpoints.reached("before_publish")
        try:
            await self._publisher.publish(
                {
                    shard: [message for segment in segments for message in segment.messages]
                    for shard, segments in taken.items()
                }
            )
        except BaseException:
            self._segments.give_up(taken.values())
            raise
        crashpoints.reached("after_publish")
        now_ms = time.time() * 1000
        received_ms = self._segments.published(taken.values())
        self._on_published([(now_ms - ms) / 1000 for ms in received_ms])
        self.last_publish = time.monotonic()

    def _ours(self) -> set[int]:
        """The shards that may be published now: none after locks were lost."""
        return self._ready & self._shards.owned if self._epoch == self._shards.epoch else set()

    async def _mark(self) -> None:
        published = self._segments.begin_marking()
        try:
            await self._session.execute(_MARK, published)
        except BaseException:
            self._segments.not_marked(published)
            raise
        self._segments.marked(published)
        self._marked_at = time.monotonic()
        crashpoints.reached("after_mark")
