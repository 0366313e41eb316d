"""The connection to the delivery tables: pool, and one error for a server that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from hub.delivery.errors import StoreAwayError
from hub.postgres.away import is_away, reason_of
from hub.postgres.database import create_pool

_STATEMENT_S = 15.0


@asynccontextmanager
async def open_pool(dsn: str, adapter: str, *, connections: int = 4) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Open a pool of lazily made connections; `StoreAwayError` when the server cannot be reached."""
    with translated():
        pool = await create_pool(dsn, f"hub adapter {adapter}", connections, _STATEMENT_S)
    try:
        yield pool
    finally:
        pool.terminate()


class translated:  # noqa: N801 - reads as a clause: `with translated():`
    """Turns what is waited out into `StoreAwayError`; errors of statements pass."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and is_away(error):
            raise StoreAwayError(f"PostgreSQL: {reason_of(error)}") from error
