"""Whether a lock of a session stays with that session: behind a pooler of transactions it does not."""

from __future__ import annotations

import secrets

import asyncpg

from hub.postgres import database
from hub.postgres.away import is_away
from hub.postgres.database import Connection
from hub.settings import PostgresSettings

_CLASS = 4716
_ROUNDS = 3
_LOCK = "select pg_backend_pid() from pg_advisory_lock($1, $2)"
_HOLDER = """
select pid from pg_locks
where locktype = 'advisory' and granted and classid = $1::int8::oid and objid = $2::int8::oid
"""
_PID = "select pg_backend_pid()"
_REASON = "locks of a session do not hold at this address: a pooler shares sessions between clients"


async def session_trouble(settings: PostgresSettings) -> str | None:
    """Take a lock in one session and see it from a second one, across transactions; None when it holds.

    Otherwise why not, in one line. Raises what is away.
    """
    first = await database.connect(settings, "session-check")
    try:
        second = await database.connect(settings, "session-check")
        try:
            return await _trouble(first, second)
        finally:
            second.terminate()
    finally:
        first.terminate()


async def _trouble(first: Connection, second: Connection) -> str | None:
    key = secrets.randbelow(1 << 30)
    try:
        mine = await first.fetchval(_LOCK, _CLASS, key)
        for _ in range(_ROUNDS):
            async with second.transaction():
                other = await second.fetchval(_PID)
                seen = await second.fetchval(_HOLDER, _CLASS, key)
                async with first.transaction():
                    again = await first.fetchval(_PID)
            if not mine == seen == again or other == mine:
                return _REASON
    except asyncpg.PostgresError as error:
        if is_away(error):
            raise
        return f"{_REASON} ({type(error).__name__})"
    return None
