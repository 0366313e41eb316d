"""Connections to PostgreSQL, sessions that come back after an outage, and the numbered migrations."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import asyncpg

from hub.errors import StartupError
from hub.settings import PostgresSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's class is generic only in its stubs
    Connection = asyncpg.Connection
"""One session; every statement on it has the time-out of `connect`."""

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
)
"""What a statement raises when the server is away, restarting or out of room: wait and try again.

`InternalClientError` comes when the server ended a session in the midst of a statement (asyncpg 0.31).
"""

_MIGRATION_LOCK = 4711
_MIGRATION_TABLE = """
create table if not exists migration (name text primary key, applied_at timestamptz not null default now())
"""


async def connect(settings: PostgresSettings, name: str, *, timeout_s: float = 30) -> Connection:
    """Open a session named `name` in pg_stat_activity; raises what asyncpg raises."""
    return await asyncpg.connect(
        settings.dsn.get_secret_value(),
        timeout=10,
        command_timeout=timeout_s,
        server_settings={"application_name": name, "jit": "off"},
    )


async def connect_at_start(settings: PostgresSettings, name: str) -> Connection:
    """As `connect`; `StartupError` says in one line what was tried."""
    try:
        return await connect(settings, name)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StartupError(f"HUB_POSTGRES__DSN: PostgreSQL does not let us in: {reason}") from None


class Session:
    """A session of one side task: connects again at its next use when it was lost.

    Not for two tasks at a time. `serial` grows with every connection: what belonged to the one before (locks)
    is gone.
    """

    def __init__(self, settings: PostgresSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._connection: Connection | None = None
        self.serial = 0

    async def open(self) -> None:
        """Connect for the first time; `StartupError` when that fails or the tables are missing."""
        connection = await connect_at_start(self._settings, self._name)
        self._connection, self.serial = connection, 1
        if await connection.fetchval("select to_regclass('intake_offset')") is None:
            raise StartupError("HUB_POSTGRES__DSN: the database has no tables yet; run `hub setup` first")

    async def live(self) -> Connection:
        """The connection, a new one if the last is broken; raises one of `LOST` while the server is away."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._settings, self._name)
            self.serial += 1
        return self._connection

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows."""
        return await (await self.live()).fetch(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """First column of the first row."""
        return await (await self.live()).fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        """The status word."""
        return await (await self.live()).execute(query, *arguments)

    def drop(self) -> None:
        """End the connection at once: its next use opens another."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        """Close politely, within 2 s, else at once."""
        if self._connection is not None:
            try:
                await self._connection.close(timeout=2)
            except LOST:
                self._connection.terminate()


async def migrate(connection: Connection) -> list[str]:
    """Apply the migrations that are missing, in the order of their numbers; returns their names."""
    applied: list[str] = []
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await connection.execute(_MIGRATION_TABLE)
        known = {row["name"] for row in await connection.fetch("select name from migration")}
        folder = files("hub.store") / "migrations"
        for script in sorted(
            (item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda f: f.name
        ):
            if script.name in known:
                continue
            await connection.execute(script.read_text(encoding="utf-8"))
            await connection.execute("insert into migration (name) values ($1)", script.name)
            applied.append(script.name)
    return applied
