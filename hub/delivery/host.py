"""What the runtime lends to an adapter that keeps tables of its own and answers calls of its counterpart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from hub.delivery import queries
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.context import AdapterContext
from hub.delivery.database import translated
from hub.delivery.wire import check_report

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
Also = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Host:
    """The adapter's place in the runtime: its tables, and the outbox of its reports."""

    pool: asyncpg.Pool[Any]
    parts: AdapterContext

    def now(self) -> datetime:
        """Return the legal time."""
        return self.parts.clock()

    def opened(self) -> None:
        """Note that the door listens: only then the process is ready."""
        self.parts.progress.is_door_closed = False

    async def delivered(self, message_id: str) -> OutMessage | None:
        """A message that the counterpart has taken, as long as it is kept; raises `StoreAwayError`."""
        with translated():
            async with self.pool.acquire() as connection:
                row = await connection.fetchrow(queries.READ_DELIVERED, self.parts.name, message_id)
        return OutMessage(**row) if row is not None else None

    async def accept(self, report: Report, also: Also | None = None) -> bool:
        """Store a report, and what `also` writes, in one transaction; it is then published by itself.

        False when a report of this id was stored before: nothing is changed. Raises `StoreAwayError`, and
        `ValueError` for a report that cannot be an envelope.
        """
        check_report(report)
        with translated():
            async with self.pool.acquire() as connection, connection.transaction():
                is_new = await self.parts.store.add_report(connection, report)
                if is_new and also is not None:
                    await also(connection)
        self.parts.reports.ring()
        return is_new


@runtime_checkable
class Hosted(Protocol):
    """An adapter with a door of its own, and perhaps own tables."""

    async def attach(self, desk: Host) -> None:
        """Take the desk, before anything else is asked of the adapter; may raise `StartupError`."""
        ...

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        """Note new messages in the transaction that stores them, in the order of the topic.

        Returns the ids of those that are over with it: no call is made for them and nothing is reported.
        """
        ...

    async def serve(self) -> None:
        """Answer the counterpart's calls until cancelled; tell `Host.opened` when that begins."""
        ...


async def open_desk(parts: AdapterContext, pool: asyncpg.Pool[Any]) -> None:
    """Hand a hosted adapter its desk; other adapters need none."""
    if isinstance(parts.adapter, Hosted):
        await parts.adapter.attach(Host(pool, parts))
