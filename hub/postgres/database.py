"""Connections to PostgreSQL, sessions that come back after an outage, and the numbered migrations."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import asyncpg

from hub.errors import StartupError
from hub.postgres.adapter_tables import adapter_scripts, scripts_in
from hub.postgres.away import AWAY
from hub.postgres.sessions import is_writable, set_own
from hub.settings import PostgresSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's class is generic only in its stubs
    Connection = asyncpg.Connection
"""One session; every statement on it has the time-out of `connect`."""

Applied = Callable[[list[str]], Awaitable[None]]
"""Gets the names of migrations that were applied."""

_CONNECT_S = 10
_ACQUIRE_S = 5

_MIGRATION_LOCK = 4711
_MIGRATION_TABLE = """
create table if not exists migration (name text primary key, applied_at timestamptz not null default now())
"""


async def connect(settings: PostgresSettings, name: str, *, timeout_s: float | None = 30) -> Connection:
    """Open a session named `name` in pg_stat_activity; raises what asyncpg raises.

    `timeout_s` is the limit of a statement; None is for changes of tables (`set_own`).
    """
    async with asyncio.timeout(_CONNECT_S):
        connection = await asyncpg.connect(
            settings.dsn.get_secret_value(),
            timeout=_CONNECT_S,
            command_timeout=timeout_s,
            server_settings={"application_name": name},
        )
        try:
            await set_own(connection, timeout_s)
        except BaseException:
            connection.terminate()
            raise
    return connection


class _Pool(asyncpg.Pool):
    """A pool in which nobody waits for ever, neither for a session nor for the end of a cancelled one."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=timeout or _ACQUIRE_S)


def create_pool(dsn: str, name: str, size: int, timeout_s: float) -> asyncpg.Pool[Any]:
    """A pool of at most `size` sessions as `connect` makes them, not opened yet.

    Nothing is reset when a session is given back, which would cost a round trip each time: nobody leaves a
    lock or a setting behind in it.
    """

    async def begin(connection: Any) -> None:
        await set_own(connection, timeout_s)

    async def give_back(connection: Any) -> None:
        if not is_writable(connection):
            await pool.expire_connections()

    pool = _Pool(
        dsn,
        min_size=1,
        init_size=1,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        loop=None,
        timeout=_CONNECT_S,
        command_timeout=timeout_s,
        init=begin,
        reset=give_back,
        server_settings={"application_name": name},
    )
    return pool


async def connect_at_start(
    settings: PostgresSettings, name: str, *, timeout_s: float | None = 30
) -> Connection:
    """As `connect`; `StartupError` says in one line what was tried."""
    try:
        return await connect(settings, name, timeout_s=timeout_s)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StartupError(f"HUB_POSTGRES__DSN: PostgreSQL does not let us in: {reason}") from None


class Session:
    """A session of one side task: connects again at its next use when it was lost.

    Not for two tasks at a time. `serial` grows with every connection: what belonged to the one before (locks)
    is gone.
    """

    def __init__(self, settings: PostgresSettings, name: str, timeout_s: float = 30) -> None:
        self._settings = settings
        self._name = name
        self._timeout_s = timeout_s
        self._connection: Connection | None = None
        self.serial = 0

    async def open(self) -> None:
        """Connect for the first time; `StartupError` when that fails."""
        connection = await connect_at_start(self._settings, self._name, timeout_s=self._timeout_s)
        self._connection, self.serial = connection, 1

    async def live(self) -> Connection:
        """The connection; a new one if the last is broken, or began read-only and would stay so.

        Raises one of `AWAY` while the server is away.
        """
        if self._connection is not None and not self._connection.is_closed():
            if is_writable(self._connection):
                return self._connection
            self._connection.terminate()
        self._connection = await connect(self._settings, self._name, timeout_s=self._timeout_s)
        self.serial += 1
        return self._connection

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows."""
        with self._dropping():
            return await (await self.live()).fetch(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """First column of the first row."""
        with self._dropping():
            return await (await self.live()).fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        """The status word."""
        with self._dropping():
            return await (await self.live()).execute(query, *arguments)

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        """A session that did not answer in time is not used again: its next statement would wait for it."""
        try:
            yield
        except TimeoutError:
            self.drop()
            raise

    def drop(self) -> None:
        """End the connection at once: its next use opens another."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        """Close politely, within 2 s, else at once."""
        if self._connection is not None:
            try:
                await self._connection.close(timeout=2)
            except AWAY:
                self._connection.terminate()


def scripts(adapter: str | None = None) -> dict[str, str]:
    """Every script by the name under which it is noted: the hub's, and the tables of installed adapters.

    With `adapter` only its tables beside the hub's.
    """
    return scripts_in(files("hub.postgres") / "migrations") | adapter_scripts(adapter)


async def migrate(connection: Connection, then: Applied | None = None) -> list[str]:
    """Apply the migrations that are missing, in the order of their numbers; returns their names.

    `then` gets the names in the same transaction.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await connection.execute(_MIGRATION_TABLE)
        known = {row["name"] for row in await connection.fetch("select name from migration")}
        missing = {name: text for name, text in scripts().items() if name not in known}
        for name, text in missing.items():
            await connection.execute(text)
            await connection.execute("insert into migration (name) values ($1)", name)
        if then is not None:
            await then(list(missing))
    return list(missing)


async def missing_tables(connection: Connection, adapter: str | None = "") -> list[str]:
    """Scripts of this version that `hub setup` has not run yet; those of `adapter` too, or of all (None)."""
    has_any = await connection.fetchval("select to_regclass('migration') is not null")
    known = {row["name"] for row in await connection.fetch("select name from migration")} if has_any else ()
    return [name for name in scripts(adapter) if name not in known]
