"""Blocks of dossier codes: leased from the store, and given back as far as nobody got them."""

from __future__ import annotations

from hub.engine.decide.code_blocks import CodeBlocks
from hub.engine.errors import CodesMissingError
from hub.postgres.database import Connection

_LEASE = """
insert into code_block (unit, day, next) values ($1, $2, 1 + $3)
on conflict (unit, day) do update set next = least(greatest(code_block.next, 1)::bigint + $3, 2147483647)
returning next - $3
"""
"""Whatever stands in a row: those that are none of a day are used up, and none is below 1."""
_GIVE_BACK = "update code_block set next = $3 where unit = $1 and day = $2 and next = $4"


async def lease(connection: Connection, codes: CodeBlocks, missing: CodesMissingError) -> None:
    """Lease what a decision has missed."""
    first = await connection.fetchval(_LEASE, missing.unit, missing.day, missing.count)
    codes.add(missing.unit, missing.day, first, missing.count)


async def give_back(connection: Connection, codes: CodeBlocks) -> None:
    """The process ends: the unused rest of its last leases is free for the next one."""
    for left in codes.give_up():
        await connection.execute(_GIVE_BACK, left.unit, left.day, left.first, left.end)
