"""Tells the hub itself of each import by operators, so that it becomes a fact with its officer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256

import asyncpg
import orjson
from pydantic import ValidationError

from hub.engine.own_requests import own_request
from hub.facts.checked import REGISTER_EDITION
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.kafka.producer import OutgoingRecord, Producer
from hub.logs import log
from hub.participants.register_editions import MARKS
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from schemas.party import Officer
from schemas.register import RecordImport, RegisterTable

_SEND_S = 20.0
_UNTOLD = f"""
select {REGISTER_EDITION.selected}, imported_at from register_edition e
where (register, number) > ($1, $2) and not exists (
    select from inbox i where i.participant = 'hub' and i.id = 'import-' || e.register || '-' || e.number
)
order by register, number limit 20
"""  # noqa: S608  our text
_BEGINNING = ("", -(2**63))
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]+")
_NAME, _REASON = 100, 4000
"""So long may a name and a reason be in a fact."""


class ImportTeller:
    """What was answered is told no more, what was sent twice has one id; one partition keeps the order."""

    def __init__(
        self,
        producer: Producer,
        *,
        topic: str,
        environment: str,
        key: StoreKey,
        told: OnUntrusted = tell_untrusted,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._environment = environment
        self._key = key
        self._on_untrusted = told
        self._known: list[tuple[object, ...]] | None = None

    async def tell(self, connection: Connection) -> None:
        """Send what is on record nowhere; an altered edition is named and left out."""
        newest = [tuple(row) for row in await connection.fetch(MARKS)]
        if newest == self._known:
            return
        clock = await read_clock(connection, self._environment)
        now = clock.of(datetime.now(UTC))
        at: tuple[str, int] = _BEGINNING
        while rows := await connection.fetch(_UNTOLD, *at):
            if records := list(self._records(rows, now)):
                await self._producer.send(self._topic, records, _SEND_S)
                return
            at = rows[-1]["register"], rows[-1]["number"]
        self._known = newest

    def _records(self, rows: Iterable[asyncpg.Record], now: datetime) -> Iterator[OutgoingRecord]:
        """Of each that the hub has written; one of which nothing can be made holds up no other."""
        for row in REGISTER_EDITION.genuine(rows, self._key, self._on_untrusted):
            try:
                yield _record(row, now)
            except ValidationError as error:
                fields = ",".join(str(one["loc"][0]) for one in error.errors())
                log("import_untold", register=row["register"], edition=row["number"], fields=fields)


def _tables(content: bytes) -> tuple[RegisterTable, ...]:
    """How many records each table has; none of what is no register."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ()
    tables = found.items() if isinstance(found, dict) else ()
    return tuple(
        RegisterTable(name=name, records=len(rows)) for name, rows in tables if isinstance(rows, list)
    )


def _record(row: asyncpg.Record, now: datetime) -> OutgoingRecord:
    operator = _fitting(row["operator"], _NAME)
    request = RecordImport(
        name=row["register"],
        edition=row["number"],
        sha256=sha256(row["content"]).hexdigest(),
        tables=_tables(row["content"]),
        imported_at=row["imported_at"] if _EARLIEST <= row["imported_at"] <= now else now,
        officer=Officer(account=operator, name=operator),
        reason=_fitting(row["reason"], _REASON),
    )
    name = f"import-{row['register']}-{row['number']}"
    return own_request(request, name, now)


def _fitting(text: str, most: int) -> str:
    """What an operator typed, in the form that facts have: NFC, one line, so long."""
    found = _NO_TEXT.sub(" ", unicodedata.normalize("NFC", text))[:most].strip()
    return found or "-"
