"""The record of what operators did by command: who, when, what, why; it is never swept."""

from __future__ import annotations

from typing import Any

from hub.postgres.database import Connection

_RECORD = "insert into operator_action (operator, action, target, reason) values ($1, $2, $3, $4)"
_LAST = """
select at, operator, action, target, reason from operator_action
where $1::text is null or target = $1 or target like $1 || '/%' order by id desc limit $2
"""
_MOVE = "update configuration_version set version = version + 1 where kind = 'operations'"


async def record_action(
    connection: Connection, operator: str, action: str, target: str, reason: str = ""
) -> None:
    """Write one line, in the transaction of what was done; `target` is an id, never a name of a person."""
    await connection.execute(_RECORD, operator, action, target, reason)


async def tell_engines(connection: Connection) -> None:
    """Let every engine read its small tables again and forget opened keys, at its next look at the store."""
    await connection.execute(_MOVE)


async def last_actions(connection: Connection, target: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest lines, of one target or of all."""
    return [dict(row) for row in await connection.fetch(_LAST, target, limit)]
