"""A name that only one process may have: an advisory lock of its session."""

from __future__ import annotations

import asyncio
import time

from hub.errors import StartupError
from hub.logs import log
from hub.postgres.database import Connection

_CLASS = 4715
_LOOK_S = 0.2
_SURE_S = 4.0
_SILENT_S = 10.0
_TAKE = "select pg_try_advisory_lock($1, hashtext($2))"
_HOLDER = """
select l.pid, a.state_change from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.objsubid = 2
  and l.database = (select oid from pg_database where datname = current_database())
  and l.classid = $1::int8::oid and l.objid = (hashtext($2)::int8 & 4294967295)::oid
"""
_END = "select pg_terminate_backend($1)"


async def take_name(connection: Connection, name: str) -> bool:
    """Take the name for this session, as long as it lives; False when another session has it."""
    return bool(await connection.fetchval(_TAKE, _CLASS, name))


async def holder_of(connection: Connection, name: str) -> int | None:
    """The backend whose session has the name."""
    row = await connection.fetchrow(_HOLDER, _CLASS, name)
    return row["pid"] if row is not None else None


async def end_holder(connection: Connection, pid: int) -> None:
    """End a session that is known to belong to nobody any more."""
    await connection.fetchval(_END, pid)


async def claim(connection: Connection, name: str, setting: str, *, beats: bool) -> None:
    """Take a name at the start; `StartupError` naming the setting when another process has it.

    Waits for one that is just ending. With `beats` a living holder does something every second: one that is
    silent for 10 s (its machine is gone, or it is stopped) is ended.
    """
    began, first_seen = time.monotonic(), None
    while not await take_name(connection, name):
        row = await connection.fetchrow(_HOLDER, _CLASS, name)
        waited_s = time.monotonic() - began
        if row is not None:
            first_seen = first_seen or row["state_change"]
            is_silent = beats and row["state_change"] == first_seen
            if is_silent and waited_s > _SILENT_S:
                log("silent_session_ended", name=name)
                await end_holder(connection, row["pid"])
            elif not is_silent and waited_s > _SURE_S:
                raise StartupError(f"{setting}: another process runs as {name}; give each its own name")
        await asyncio.sleep(_LOOK_S)
