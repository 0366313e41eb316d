"""Which outbox shards this process owns: one advisory lock each, shared out among the living engines."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable

from hub.store.database import Connection

_LOCK_CLASS = 4712
_ALIVE_S = 4.0
_BEAT = """
with beat as (
    insert into engine (instance, seen_at) values ($1, now())
    on conflict (instance) do update set seen_at = excluded.seen_at
)
select count(*) filter (where instance <> $1 and seen_at > now() - make_interval(secs => $2)) + 1 from engine
"""


class Shards:
    """The locks of one process, held by one session: they are free as soon as the process is dead."""

    def __init__(self, connection: Connection, instance: str, count: int) -> None:
        self._connection = connection
        self._instance = instance
        self._count = count
        self._confirmed_at = 0.0
        self.owned: set[int] = set()

    @property
    def is_confirmed(self) -> bool:
        """Whether the session proved to be alive a moment ago; a stalled process must ask again first."""
        return time.monotonic() - self._confirmed_at < 3.0

    async def tick(self, release: Callable[[int], Awaitable[None]]) -> set[int]:
        """Renew the heartbeat, take free shards up to our share, give back what is over; returns the gained.

        `release` is awaited before a lock is given back: it waits until nothing of the shard is in flight.
        """
        started = time.monotonic()
        alive = await self._connection.fetchval(_BEAT, self._instance, _ALIVE_S)
        self._confirmed_at = started
        share = math.ceil(self._count / alive)
        gained: set[int] = set()
        for shard in range(self._count):
            if len(self.owned) >= share:
                break
            if shard not in self.owned and await self._try_lock(shard):
                gained.add(shard)
                self.owned.add(shard)
        for shard in sorted(self.owned)[share:]:
            await self.give_back(shard, release)
        return gained

    async def give_back(self, shard: int, release: Callable[[int], Awaitable[None]]) -> None:
        """Stop publishing a shard and free its lock."""
        self.owned.discard(shard)
        await release(shard)
        await self._connection.execute("select pg_advisory_unlock($1, $2)", _LOCK_CLASS, shard)

    async def leave(self) -> None:
        """Tell the others at once that this process is going."""
        await self._connection.execute("delete from engine where instance = $1", self._instance)

    async def _try_lock(self, shard: int) -> bool:
        return bool(
            await self._connection.fetchval("select pg_try_advisory_lock($1, $2)", _LOCK_CLASS, shard)
        )
