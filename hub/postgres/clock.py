"""The recorded steps of legal time, as they are stored."""

from __future__ import annotations

from hub.legal_time import LegalClock
from hub.postgres.database import Connection


async def read_clock(connection: Connection, environment: str) -> LegalClock:
    """The recorded steps of the clock; outside environment `test` there are none."""
    if environment != "test":
        return LegalClock()
    rows = await connection.fetch("select from_time, shift from clock_step")
    return LegalClock((row["from_time"], row["shift"]) for row in rows)
