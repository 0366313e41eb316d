"""Tells the hub itself of each import by operators, so that it becomes a fact with its officer."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import asyncpg
import orjson

from hub.facts.checked import REGISTER_EDITION
from hub.facts.fact_bytes import rfc3339
from hub.facts.integrity import StoreKey
from hub.facts.message import HUB_SOURCE, cloud_event
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.kafka.producer import OutgoingRecord, Producer
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from schemas.party import Officer
from schemas.register import RecordImport

_SEND_S = 20.0
_NEWEST = "select register, max(number) as number from register_edition group by register order by register"
_UNTOLD = f"""
select {REGISTER_EDITION.selected}, imported_at from register_edition e
where not exists (
    select from inbox i where i.participant = 'hub' and i.id = 'import-' || e.register || '-' || e.number
)
order by register, number limit 20
"""  # noqa: S608  our text


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
        self._known: list[tuple[str, int]] | None = None

    async def tell(self, connection: Connection) -> None:
        """Send what is on record nowhere; an altered edition is named and left out."""
        newest = [(row["register"], row["number"]) for row in await connection.fetch(_NEWEST)]
        if newest == self._known:
            return
        rows = await connection.fetch(_UNTOLD)
        genuine = [row for row in rows if REGISTER_EDITION.is_genuine(row, self._key)]
        for row in rows:
            if row not in genuine:
                self._on_untrusted(REGISTER_EDITION.altered(row))
        if genuine:
            clock = await read_clock(connection, self._environment)
            now = rfc3339(clock.of(datetime.now(UTC)))
            await self._producer.send(self._topic, [_record(row, now) for row in genuine], _SEND_S)
        else:
            self._known = newest


def _record(row: asyncpg.Record, now: str) -> OutgoingRecord:
    request = RecordImport(
        name=row["register"],
        edition=row["number"],
        sha256=sha256(row["content"]).hexdigest(),
        imported_at=row["imported_at"],
        officer=Officer(account=row["operator"], name=row["operator"]),
        reason=row["reason"],
    )
    name = f"import-{row['register']}-{row['number']}"
    headers = cloud_event(
        event_id=name, source=HUB_SOURCE, event_type=RecordImport.type, subject=f"ref:{name}", time=now
    )
    value = orjson.dumps(request.model_dump(mode="json"))
    return OutgoingRecord(f"ref:{name}".encode(), value, headers, 0)
