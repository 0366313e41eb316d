"""Which outbox shards this process owns: one advisory lock each, shared out among the living engines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from hub.errors import StopError
from hub.logs import log
from hub.postgres.away import AWAY
from hub.postgres.database import Connection, Session
from hub.postgres.names import claim, end_holder, holder_of, take_name

_LOCK_CLASS = 4712
_SETTING = "HUB_ENGINE__INSTANCE"
_ALIVE_S = 3.0
_SILENT_S = 10.0
_BEAT = """
with beat as (
    insert into engine (instance, backend, seen_at) values ($1, pg_backend_pid(), now())
    on conflict (instance) do update set backend = excluded.backend, seen_at = excluded.seen_at
)
select count(*) filter (
    where instance <> $1 and seen_at between now() - make_interval(secs => $2) and now() + interval '1 minute'
) + 1 from engine
"""
"""A beat far ahead of the time is none: it would take its share of the shards for ever."""
_END_SILENT = """
with silent as (
    delete from engine where instance <> $1
    and seen_at not between now() - make_interval(secs => $2) and now() + interval '1 minute'
    returning instance, backend, seen_at
)
select s.instance, pg_terminate_backend(a.pid) from silent s
join pg_stat_activity a on a.pid = s.backend and a.application_name = s.instance || '-shards'
where s.seen_at < now()
"""


def session_name(instance: str) -> str:
    """The name under which the session with the locks of an engine is known to the others."""
    return f"{instance}-shards"


class Shards:
    """The locks of one process, held by one session: they are free as soon as the session is dead."""

    def __init__(self, session: Session, instance: str, count: int) -> None:
        self._session = session
        self._instance = instance
        self._count = count
        self._serial = 0
        self._backend: int | None = None
        self._name = f"engine {instance}"
        self._confirmed_at = -math.inf
        self._leaving: set[int] = set()
        self.owned: set[int] = set()
        self.epoch = 0
        """Grows whenever locks were lost: what was known of the shards does not hold any more."""

    @property
    def is_confirmed(self) -> bool:
        """Whether the session proved to be alive a moment ago; a stalled process must ask again first."""
        return time.monotonic() - self._confirmed_at < 3.0

    @property
    def are_all_owned(self) -> bool:
        """Whether no other engine has any."""
        return len(self.owned) == self._count

    async def tick(self, is_busy: Callable[[int], bool]) -> set[int]:
        """Renew the heartbeat, take free shards up to our share, give back what is over; returns the gained.

        A shard that is given back is at once no longer in `owned`; its lock is freed when it is not busy.
        After an error nothing is owned.
        """
        try:
            return await self._tick(is_busy)
        except AWAY:
            self._forget()
            self._session.drop()
            raise

    async def _tick(self, is_busy: Callable[[int], bool]) -> set[int]:
        started = time.monotonic()
        connection = await self._session.live()
        if self._session.serial != self._serial:
            self._forget()
            await self._take_name_again(connection)
            self._serial = self._session.serial
        alive = await connection.fetchval(_BEAT, self._instance, _ALIVE_S)
        for row in await connection.fetch(_END_SILENT, self._instance, _SILENT_S):
            log("silent_engine_ended", engine=row["instance"])
        self._confirmed_at = started
        share = math.ceil(self._count / alive)
        await self._give_back(connection, share, is_busy)
        return await self._take(connection, share)

    async def claim(self) -> None:
        """Take the name of this engine, before it joins the group; `StartupError` when another has it."""
        connection = await self._session.live()
        await claim(connection, self._name, _SETTING, beats=True)
        self._backend = await connection.fetchval("select pg_backend_pid()")
        self._serial = self._session.serial

    async def _take_name_again(self, connection: Connection) -> None:
        """In a new session; our last one may still have the name, when its end has not been noticed."""
        if not await take_name(connection, self._name):
            holder = await holder_of(connection, self._name)
            if holder is not None and holder != self._backend:
                raise StopError(f"{_SETTING}: another process runs as {self._instance}")
            if holder is not None:
                await end_holder(connection, holder)
            raise TimeoutError("our last session is not over")
        self._backend = await connection.fetchval("select pg_backend_pid()")

    async def _take(self, connection: Connection, share: int) -> set[int]:
        gained: set[int] = set()
        for shard in range(self._count):
            if len(self.owned) >= share:
                break
            if shard in self.owned or shard in self._leaving:
                continue
            if await connection.fetchval("select pg_try_advisory_lock($1, $2)", _LOCK_CLASS, shard):
                gained.add(shard)
                self.owned.add(shard)
        return gained

    async def _give_back(self, connection: Connection, share: int, is_busy: Callable[[int], bool]) -> None:
        for shard in sorted(self.owned)[share:]:
            self.owned.discard(shard)
            self._leaving.add(shard)
        for shard in [shard for shard in self._leaving if not is_busy(shard)]:
            await connection.execute("select pg_advisory_unlock($1, $2)", _LOCK_CLASS, shard)
            self._leaving.discard(shard)
            self.epoch += 1

    def _forget(self) -> None:
        self._confirmed_at = -math.inf
        self.owned.clear()
        self._leaving.clear()
        self.epoch += 1

    async def leave(self) -> None:
        """Tell the others at once that this process is going."""
        await self._session.execute("delete from engine where instance = $1", self._instance)
