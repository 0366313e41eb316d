"""The connection to the delivery tables: pool, schema, and one error for a server that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from hub.delivery import queries
from hub.errors import RetryableError

_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    # asyncpg 0.32: a statement that meets the end of its connection by the server ("cannot switch to state").
    asyncpg.InternalClientError,
)


class StoreAwayError(RetryableError):
    """PostgreSQL is not there or dropped the connection; what was asked may have been done or not."""

    code = "delivery.store_away"


INSTALL_LOCK = 4713


async def install(connection: asyncpg.Connection[Any] | PoolConnectionProxy[Any]) -> None:
    """Create the tables in the connection's search path; idempotent, one process at a time."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", INSTALL_LOCK)
        await connection.execute(queries.SCHEMA)


@asynccontextmanager
async def open_pool(dsn: str, adapter: str, *, connections: int = 4) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Open a pool of lazily made connections; `StoreAwayError` when the server cannot be reached."""
    with translated():
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=10,
            command_timeout=15,
            server_settings={"application_name": f"hub adapter {adapter}"},
        )
    try:
        yield pool
    finally:
        pool.terminate()


class translated:  # noqa: N801 - reads as a clause: `with translated():`
    """Turns what a lost server raises into `StoreAwayError`; errors of statements pass."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        # The plain InterfaceError means a closed connection; wrong arguments raise subclasses of it.
        if isinstance(error, _AWAY) or type(error) is asyncpg.InterfaceError:
            raise StoreAwayError(f"PostgreSQL: {type(error).__name__}") from error
