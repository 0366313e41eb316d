"""The record of what operators did by command: who, when, what, why; it is never swept."""

from __future__ import annotations

from typing import Any

from hub.postgres.database import Connection
from hub.postgres.numbers import next_free
from hub.postgres.versions import move_version

_RECORD = "insert into operator_action (operator, action, target, reason) values ($1, $2, $3, $4)"
_LAST = """
select at, operator, action, target, reason from operator_action
where $1::text is null or target = $1 or target like $1 || '/%' order by id desc limit $2
"""


async def record_action(
    connection: Connection, operator: str, action: str, target: str, reason: str = ""
) -> None:
    """Write one line, in the transaction of what was done; `target` is an id, never a name of a person."""

    async def write() -> None:
        async with connection.transaction():
            await connection.execute(_RECORD, operator, action, target, reason)

    await next_free(write)


async def tell_engines(connection: Connection) -> None:
    """Let every engine read its small tables again and forget opened keys, at its next look at the store."""
    await move_version(connection, "operations")


async def last_actions(connection: Connection, target: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest lines, of one target or of all."""
    return [dict(row) for row in await connection.fetch(_LAST, target, limit)]
