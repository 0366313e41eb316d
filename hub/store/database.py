"""Connections to PostgreSQL and the numbered migrations."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import asyncpg

from hub.errors import StartupError
from hub.settings import PostgresSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's class is generic only in its stubs
    Connection = asyncpg.Connection
"""One session; every statement on it has the time-out of `connect`."""

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
