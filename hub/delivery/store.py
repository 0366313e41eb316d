"""The delivery tables, typed: every statement of `sql/` has one method here (asyncpg)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from hub.delivery import queries
from hub.delivery.adapter import OutMessage, Report, Urgency
from hub.delivery.database import translated
from hub.delivery.lease import Decision, Lease
from hub.delivery.outcome import ERASED, NOTED, QueryOutcome
from hub.delivery.rows import (
    Counts,
    DueReport,
    Finished,
    PoisonRecord,
    StoredBatch,
    Waiting,
    finished_columns,
    message_columns,
    read_due,
    read_lease,
    read_waiting,
    report_fields,
)
from hub.delivery.stored_outcome import outcome_text
from hub.delivery.throttle import GateState
from hub.delivery.wire import Confirmed
from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted

Keep = Callable[
    ["asyncpg.Connection[Any] | PoolConnectionProxy[Any]", Sequence[OutMessage]], Awaitable[Collection[str]]
]


class DeliveryStore:
    """The tables of one adapter: each method is one statement or transaction; raises `StoreAwayError`."""

    def __init__(
        self, pool: asyncpg.Pool[Any], adapter: str, key: StoreKey, *, is_urgent: bool = False
    ) -> None:
        """`is_urgent`: messages of this adapter have a time until which they should go out."""
        self._pool = pool
        self._is_urgent = is_urgent
        self._key = key
        self.adapter = adapter

    async def take(
        self,
        messages: Sequence[OutMessage],
        receipts: Sequence[Confirmed],
        poison: Sequence[PoisonRecord],
        keep: Keep | None = None,
        urgent: Urgency | None = None,
    ) -> StoredBatch:
        """Store a batch of the topic in one transaction; what was stored before is left as it is.

        `keep` gets the new messages in the same transaction; those that it names are stored as delivered.
        `urgent` says of a message until when it should have gone out: the earliest goes first.
        What is of a dossier that was erased meanwhile is over with it, and nothing of it is kept.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                new, closed, over = [], [], list[str]()
                if messages:
                    columns = message_columns(messages, urgent)
                    new = await connection.fetch(queries.STORE_MESSAGES, self.adapter, *columns)
                ids = {row["id"] for row in new}
                if ids:
                    gone = await connection.fetch(
                        queries.REFUSE_ERASED, self.adapter, list(ids), outcome_text(ERASED)
                    )
                    ids -= {row["id"] for row in gone}
                if keep is not None and ids:
                    over += await keep(connection, [message for message in messages if message.id in ids])
                if over:
                    await connection.execute(queries.SETTLE_NOTED, self.adapter, over, outcome_text(NOTED))
                if receipts:
                    closed = await connection.fetch(
                        queries.CONFIRM_REPORTS,
                        self.adapter,
                        [receipt.request for receipt in receipts],
                        [receipt.refusal for receipt in receipts],
                    )
                rotten = 0
                for record in poison:
                    arguments = (
                        record.topic, record.partition, record.offset, record.why,
                        record.key, record.headers, record.value,
                    )  # fmt: skip
                    rotten += bool(await connection.fetchval(queries.STORE_POISON, self.adapter, *arguments))
        refused = sum(row["refusal"] is not None for row in closed)
        return StoredBatch(
            len(new), len(messages) - len(new), rotten, len(closed) - refused, refused, len(over)
        )

    async def lease(
        self, limit: int, lease_s: float, *, is_call_allowed: bool = True, older_than_s: float | None = None
    ) -> list[Lease]:
        """Lease due head rows.

        Without calls only what needs none: what an operator has decided, and with `older_than_s` pending ones
        that came at least so long ago.
        """
        if self._is_urgent:
            await self._fetch(queries.WAKE_URGENT)
        rows = await self._fetch(queries.LEASE_HEADS, limit, lease_s, is_call_allowed, older_than_s)
        return [read_lease(row) for row in sorted(rows, key=lambda row: float(row["age_s"]), reverse=True)]

    async def finish(self, finished: Sequence[Finished]) -> set[str]:
        """Store outcomes and reports; the ids of the messages whose lease was not lost."""
        rows = await self._fetch(queries.FINISH, *finished_columns(finished, self.adapter, self._key))
        return {row["id"] for row in rows}

    async def put_back(
        self,
        lease: Lease,
        state: Literal["pending", "unknown"],
        delay_s: float,
        outcome: QueryOutcome,
        *,
        doubt_begins: bool,
        is_held: bool = False,
    ) -> bool:
        """Let the row be leased again after `delay_s`; False when the lease was lost.

        `is_held`: nothing was called, so neither this attempt nor this time counts.
        """
        done = await self._value(
            queries.PUT_BACK,
            lease.message.id,
            lease.token,
            state,
            delay_s,
            outcome_text(outcome),
            doubt_begins,
            is_held,
        )
        return bool(done)

    async def resolve_unknown(self, message_id: str, decision: Decision, by: str) -> bool:
        """Record operator `by`'s decision: `confirm` (it happened), `resend` (it did not) or `give_up`.

        The worker acts on it at once. False when the outcome is not unknown (any more).
        """
        return bool(await self._value(queries.RESOLVE_UNKNOWN, message_id, decision, by))

    async def reports_to_send(self, limit: int) -> list[Waiting]:
        """Return reports that were never sent, or that wait too long for a receipt, oldest first."""
        rows = await self._fetch(queries.REPORTS_TO_SEND, limit)
        return [read_waiting(row, self._key) for row in rows]

    async def mark_sent(self, again_in_s: Mapping[str, float]) -> None:
        """Note that the broker has these reports; each is sent again after its seconds without a receipt."""
        await self._fetch(queries.MARK_SENT, list(again_in_s), list(again_in_s.values()))

    async def cursor(self) -> str | None:
        """Return the kept cursor of the poll."""
        cursor: str | None = await self._value(queries.READ_CURSOR)
        return cursor

    async def store_poll(self, before: str | None, after: str, reports: Sequence[Report]) -> int | None:
        """Store reports and cursor in one transaction; returns how many reports are new.

        None, and nothing stored, when another process moved the cursor.
        """
        columns = (
            list(zip(*(report_fields(report, self.adapter, self._key) for report in reports), strict=True))
            or [()] * 6
        )
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(queries.MOVE_CURSOR, self.adapter, before, after) is None:
                    return None
                rows = await connection.fetch(
                    queries.STORE_REPORTS, self.adapter, *(list(column) for column in columns)
                )
        return len(rows)

    async def add_report(
        self, connection: asyncpg.Connection[Any] | PoolConnectionProxy[Any], report: Report
    ) -> bool:
        """Store one report in the caller's transaction; False when its id was stored before."""
        columns = [[value] for value in report_fields(report, self.adapter, self._key)]
        return bool(await connection.fetch(queries.STORE_REPORTS, self.adapter, *columns))

    async def reports_due(self) -> list[DueReport]:
        """Return finished deliveries whose report could not be made; those that nobody can read are told."""
        due = []
        for row in await self._fetch(queries.REPORTS_DUE):
            try:
                due.append(read_due(row))
            except (ValueError, LookupError, TypeError, AttributeError):
                tell_untrusted(AlteredRowError(f"delivery {self.adapter} {row['id']}", "its outcome is none"))
        return due

    async def attach_report(self, message_id: str, report: Report | None) -> None:
        """Store the late report of a finished delivery."""
        await self._value(queries.ATTACH_REPORT, message_id, *report_fields(report, self.adapter, self._key))

    async def is_paused(self) -> bool:
        """Whether an operator holds all calls to this counterpart."""
        return bool(await self._value(queries.READ_PAUSE))

    async def pause(self, why: str, by: str) -> bool:
        """Hold all calls to this counterpart; False when it was paused already."""
        return bool(await self._value(queries.PAUSE, why, by))

    async def resume(self) -> bool:
        """Let calls pass again; False when it was not paused."""
        return bool(await self._value(queries.RESUME))

    async def discard_poison(self, topic: str, partition: int, offset: int) -> bool:
        """Delete one unreadable record that an operator has dealt with."""
        return bool(await self._value(queries.DISCARD_POISON, topic, partition, offset))

    async def beat(self, *, is_held: bool, silent_s: float, gate: GateState = "closed") -> None:
        """Say that a process is there; `is_held`: it may not call, so the time does not count."""
        await self._value(queries.BEAT, is_held, silent_s, gate)

    async def note_gap(self, topic: str, partition: int, first: int, following: int) -> None:
        """Remember messages that were gone before they were read; `following` is the first that is there."""
        await self._value(queries.NOTE_GAP, topic, partition, first, following)

    async def messages_gone(self) -> int:
        """How many messages were gone before they were read, until an operator replays them."""
        return int(await self._value(queries.MESSAGES_GONE))

    async def counts(self) -> Counts:
        """Return depths and ages for the metrics."""
        (row,) = await self._fetch(queries.COUNTS)
        return Counts(**dict(row.items()))

    async def ask(self, statement: str, *arguments: object) -> Any:
        """One row of a statement of another module that belongs to the same tables."""
        with translated():
            return await self._pool.fetchrow(statement, *arguments)

    async def _fetch(self, statement: str, *arguments: object) -> list[Any]:
        with translated():
            return list(await self._pool.fetch(statement, self.adapter, *arguments))

    async def _value(self, statement: str, *arguments: object) -> Any:
        with translated():
            return await self._pool.fetchval(statement, self.adapter, *arguments)
