"""Publishes the outbox of the owned shards: unmarked segments in id order, the process's own from memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from hub.message import Message, decode_segment
from hub.publishing import Publisher
from hub.shards import Shards
from hub.store.database import Connection
from hub.store.writing import Outgoing, Written

_POLL_S = 0.05
_MARK_S = 0.2
_PAGE = 200
_OLDER = """
select id, shard, payload from segment where shard = any($1) and id <> all($2) order by id limit $3
"""


class Relay:
    """One per process. A segment is known from the moment it is offered until its row is deleted."""

    def __init__(self, publisher: Publisher, connection: Connection, shards: Shards) -> None:
        self._publisher = publisher
        self._connection = connection
        self._shards = shards
        self._waiting: dict[int, dict[int, Sequence[Message]]] = {}
        self._known: set[int] = set()
        self._published: list[int] = []
        self._in_flight: set[int] = set()
        self._woken = asyncio.Event()
        self._settled = asyncio.Condition()
        self._is_behind = True
        self.last_publish = time.monotonic()

    # What the engine's writes take along

    def outgoing(self) -> Outgoing:
        """Marks and knowledge for the next write; give it back with `written` or `not_written`."""
        published, self._published = self._published, []
        return Outgoing(published, sorted(self._shards.owned), list(self._known))

    def not_written(self, outgoing: Outgoing) -> None:
        """The write was rolled back: its marks are still to be made."""
        self._published.extend(outgoing.published)

    def written(self, outgoing: Outgoing, written: Written, messages: dict[int, Sequence[Message]]) -> None:
        """The write is committed: older segments first, then its own for the shards that are ours."""
        self._known.difference_update(outgoing.published)
        self._offer_older(written.older)
        for shard, segment_id in written.fresh.items():
            if shard in outgoing.owned and shard in self._shards.owned:
                self._offer(segment_id, shard, messages[shard])
        self._woken.set()

    @property
    def backlog(self) -> int:
        """Segments that are offered and not published yet."""
        return sum(len(segments) for segments in self._waiting.values())

    async def has_room(self, limit: int) -> None:
        """Wait until fewer than `limit` segments are waiting: the engine takes what it can publish."""
        while self.backlog >= limit:
            async with self._settled:
                await self._settled.wait()

    async def drained(self) -> None:
        """Wait until nothing that was offered is unpublished."""
        while self.backlog or self._in_flight:
            async with self._settled:
                await self._settled.wait()

    # Shards

    def gained(self, shards: Iterable[int]) -> None:
        """New shards are ours: what others left unpublished comes first."""
        if set(shards):
            self._is_behind = True
            self._publisher.forget_blocked()
            self._woken.set()

    async def release(self, shard: int) -> None:
        """Forget a shard and wait until nothing of it is in flight."""
        for segment_id in self._waiting.pop(shard, {}):
            self._known.discard(segment_id)
        async with self._settled:
            await self._settled.wait_for(lambda: shard not in self._in_flight)

    # The task

    async def run(self) -> None:
        """Publish until cancelled; broker trouble is retried for ever, with a back-off."""
        last_mark = time.monotonic()
        while True:
            await self._wait()
            if not self._shards.is_confirmed:
                await asyncio.sleep(0.02)
                continue
            await self._poll()
            if any(self._waiting.values()):
                await self._publish_round()
            if self._published and time.monotonic() - last_mark > _MARK_S:
                await self._mark()
                last_mark = time.monotonic()
            await self._publisher.retry_blocked(sorted(self._shards.owned))

    async def _wait(self) -> None:
        if any(self._waiting.values()) or self._is_behind:
            return
        try:
            await asyncio.wait_for(self._woken.wait(), _POLL_S)
        except TimeoutError:
            self._is_behind = True
        self._woken.clear()

    async def _poll(self) -> None:
        """Segments that others wrote, or that were left behind, in id order and complete."""
        while self._is_behind and self._shards.owned:
            rows = await self._connection.fetch(_OLDER, sorted(self._shards.owned), list(self._known), _PAGE)
            self._offer_older([(row["id"], row["shard"], row["payload"]) for row in rows])
            self._is_behind = len(rows) == _PAGE
        self._is_behind = False

    def _offer_older(self, older: Sequence[tuple[int, int, bytes]]) -> None:
        for segment_id, shard, payload in older:
            if shard in self._shards.owned and segment_id not in self._known:
                self._offer(segment_id, shard, decode_segment(payload))
        if len(older) >= _PAGE:
            self._is_behind = True

    def _offer(self, segment_id: int, shard: int, messages: Sequence[Message]) -> None:
        if segment_id not in self._known:
            self._known.add(segment_id)
            self._waiting.setdefault(shard, {})[segment_id] = messages

    async def _publish_round(self) -> None:
        taken = {shard: segments for shard, segments in self._waiting.items() if segments}
        self._waiting = {}
        self._in_flight = set(taken)
        rounds = {
            shard: [message for _, messages in sorted(segments.items()) for message in messages]
            for shard, segments in taken.items()
        }
        try:
            await self._publisher.publish(rounds)
        except BaseException:
            for segments in taken.values():
                self._known.difference_update(segments)
            raise
        finally:
            self._in_flight = set()
            async with self._settled:
                self._settled.notify_all()
        self._published.extend(segment_id for segments in taken.values() for segment_id in segments)
        self.last_publish = time.monotonic()

    async def _mark(self) -> None:
        published, self._published = self._published, []
        await self._connection.execute("delete from segment where id = any($1)", published)
        self._known.difference_update(published)
