"""Tables that are believed by the row: who takes part, what opens the door, where messages are called out to.

Each row carries a check over all that it means. A row without a genuine one counts for nothing, and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.postgres.database import Connection

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Checked:
    """A table with a check of each row over `columns`; `told`: those by which a row is named to operators.

    `times` are columns that are read as text (`micros_in`): the hub's own programs cannot read every time.
    The rows that matter are `where`; their checks are made with `key_of` the store key.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    told: tuple[str, ...]
    times: frozenset[str] = frozenset()
    where: str = "true"
    key_of: Callable[[StoreKey], StoreKey] = lambda key: key

    def check(self, key: StoreKey, *values: object) -> bytes:
        """Of a row with these values, in the order of `columns`; a time as of `micros`."""
        assert len(values) == len(self.columns)
        return key.row(self.table, *values)

    def is_genuine(self, row: Mapping[str, Any] | asyncpg.Record, key: StoreKey, mac: str = "mac") -> bool:
        """Whether the hub has written a row that has all `columns`, and its check as `mac`."""
        return bool(key.row(self.table, *(row[column] for column in self.columns)) == row[mac])

    def altered(self, row: Mapping[str, Any] | asyncpg.Record) -> AlteredRowError:
        """What is told of a row that the hub has not written so."""
        shown = (row[column] for column in self.told)
        named = (value.hex() if isinstance(value, bytes) else str(value) for value in shown)
        return AlteredRowError(" ".join((self.table, *named)))

    def genuine(
        self, rows: Iterable[asyncpg.Record], key: StoreKey, told: OnUntrusted = tell_untrusted
    ) -> list[asyncpg.Record]:
        """The rows that the hub has written; `told` gets each other."""
        found = []
        for row in rows:
            if self.is_genuine(row, key):
                found.append(row)
            else:
                told(self.altered(row))
        return found

    @property
    def selected(self) -> str:
        """All columns and the check, as of a select from this table alone."""
        read = (f"{micros_in(name)} as {name}" if name in self.times else name for name in self.columns)
        return ", ".join((*read, "mac"))


PARTICIPANT = Checked("participant", ("name",), ("name", "roles", "organisations", "partitions"), ("name",))
HTTP_PARTICIPANT = Checked("http_participant", ("name",), ("name", "is_documents_only"), ("name",))
FORMER = Checked("former_participant", ("name",), ("name", "roles", "organisations"), ("name",))
CREDENTIAL = Checked(
    "http_credential",
    ("fingerprint",),
    ("fingerprint", "kind", "participant", "expires_at"),
    ("participant", "kind"),
    frozenset(("expires_at",)),
)
WEBHOOK = Checked(
    "webhook", ("participant",), ("participant", "url", "secret", "positions"), ("participant",)
)
GATEWAY_ADDRESS = Checked("gateway_address", ("url",), ("url",), ("url",))

DOCUMENT_OWNER = Checked(
    "document_owner", ("participant", "sha256"), ("participant", "sha256"), ("participant", "sha256")
)

REGISTER_EDITION = Checked(
    "register_edition",
    ("register", "number"),
    ("register", "number", "content", "operator", "reason"),
    ("register", "number"),
)

DELIVERY_REPORT = Checked(
    "delivery_report",
    ("adapter", "id"),
    ("adapter", "id", "type", "subject", "time", "data"),
    ("adapter", "id"),
    frozenset(("time",)),
    "state <> 'confirmed'",  # the others are over, and emptied in time
    lambda key: key.reports,
)

SMALL = (PARTICIPANT, HTTP_PARTICIPANT, FORMER, CREDENTIAL, WEBHOOK, GATEWAY_ADDRESS)
"""Those that grow with the number of participants only."""

SEALED_BY = {
    "0026_checks_of_participants.sql": SMALL,
    "0027_checks_of_owners.sql": (DOCUMENT_OWNER,),
    "0028_checks_of_reports.sql": (DELIVERY_REPORT,),
    "0043_registers.sql": (REGISTER_EDITION,),
}
"""Which tables got their checks with which migration."""

ALL = tuple(table for tables in SEALED_BY.values() for table in tables)


def micros(at: datetime) -> str:
    """A time as checks have it: microseconds since 1970."""
    return str((at - _EPOCH) // timedelta(microseconds=1))


def at_micros(text: str) -> datetime:
    """The time of `micros`, of a genuine row."""
    return _EPOCH + timedelta(microseconds=int(text))


def micros_in(column: str) -> str:
    """The expression that reads a column as `micros` gives it."""
    return f"trunc(extract(epoch from {column}) * 1000000)::text"


async def seal_earlier(connection: Connection, key: StoreKey, applied: Iterable[str]) -> list[str]:
    """Give the rows of an earlier version their checks, in the transaction that adds the column for them.

    Returns a line for each table that had rows: who had the database until now can have written any of them.
    """
    lines = []
    for table in (table for name in applied for table in SEALED_BY.get(name, ())):
        rows = await connection.fetch(f"select {table.selected} from {table.table} where {table.where}")  # noqa: S608  our names
        at = " and ".join(f"{column} = ${number}" for number, column in enumerate(table.key, start=2))
        checks = [
            (
                table.key_of(key).row(table.table, *(row[column] for column in table.columns)),
                *(row[column] for column in table.key),
            )
            for row in rows
        ]
        await connection.executemany(f"update {table.table} set mac = $1 where {at}", checks)  # noqa: S608
        if rows:
            lines.append(f"sealed {len(rows)} rows of {table.table} as they were: see that they are right")
    return lines


async def findings(
    connection: Connection,
    key: StoreKey,
    tables: Iterable[Checked] = ALL,
    counts: Counter[str] | None = None,
) -> AsyncIterator[AlteredRowError]:
    """Every row of these tables that the hub has not written so; `counts` gets how many were read."""
    for table in tables:
        async with connection.transaction(readonly=True):
            query = f"select {table.selected} from {table.table} where {table.where}"  # noqa: S608  our names
            async for row in connection.cursor(query, prefetch=500):
                if counts is not None:
                    counts[table.table] += 1
                if not table.is_genuine(row, table.key_of(key)):
                    yield table.altered(row)
