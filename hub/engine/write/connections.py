"""The two sessions of an engine: one reads the next batch while the other writes the one before."""

from __future__ import annotations

import contextlib

from hub.postgres import away, database
from hub.postgres.database import Connection
from hub.settings import PostgresSettings


class Connections:
    """Open from `open` on; after an outage they are ended and opened anew."""

    def __init__(self, postgres: PostgresSettings, instance: str) -> None:
        self._postgres = postgres
        self._instance = instance
        self.reader: Connection
        self.writer: Connection

    async def open(self) -> None:
        """Connect; raises what is away."""
        self.reader = await database.connect(self._postgres, f"{self._instance}-read")
        self.writer = await database.connect(self._postgres, f"{self._instance}-write")

    def terminate(self) -> None:
        """End both at once: whatever is under way is over, and nobody knows how it ended."""
        for session in (self.reader, self.writer):
            session.terminate()

    async def close(self) -> None:
        """Close both in order; what is away is left."""
        for session in (self.reader, self.writer):
            with contextlib.suppress(*away.AWAY):
                await session.close(timeout=2)
