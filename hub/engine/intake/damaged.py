"""Partitions whose next records are damaged: stopped up to where they can be read again."""

from __future__ import annotations

from hub.engine.intake import positions
from hub.engine.intake.assigned import FirstReadable
from hub.facts.integrity import StoreKey
from hub.kafka.log_inspector import Position
from hub.postgres.database import Connection


async def stop_damaged(
    connection: Connection, key: StoreKey, first_readable: FirstReadable, position: Position, offset: int
) -> None:
    """Stop the partition if the record at `offset` cannot be read, until an operator accepts it."""
    readable = await first_readable(position, offset)
    if readable > offset:
        reason = f"corrupt: offsets {offset} to {readable - 1} cannot be read"
        await positions.stop_partition(connection, position, offset, reason, key, readable)
