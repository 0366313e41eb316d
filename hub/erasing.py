"""Erasure of a dossier's personal data: its key is destroyed, facts and hashes stay as they are.

Copies that wait elsewhere in the store go in the same transaction; its documents after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hub.erased_deliveries import EmptiedDeliveries, empty_deliveries
from hub.erased_messages import drop_letters, empty_messages
from hub.operator_actions import record_action, tell_engines
from hub.parked_refusals import refuse_parked
from hub.settings import Settings
from hub.store.database import Connection

_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_BY_CODE = "select dossier_id::text from alias where alias = 'code:' || $1"
_LOCK = "select id from dossier where id = $1 for update"
_ERASED_AT = "select erased_at from erasure where dossier_id = $1"
_DESTROY = "delete from dossier_key where dossier_id = $1"
_CLEAR = "update dossier set private = null, parked = -1 where id = $1"
_STOP_TIMERS = "delete from timer where dossier_id = $1"
_RECORD = "insert into erasure (dossier_id, operator, reason) values ($1, $2, $3)"
_FACTS = "select count(*) from fact where dossier_id = $1"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: facts that stay sealed, requests refused, letters dropped, messages emptied."""

    dossier_id: str
    facts: int
    refused: int
    letters: int
    messages: int
    deliveries: EmptiedDeliveries


@dataclass(frozen=True, slots=True)
class NotErased:
    """Nothing was done; `why` is one line for the operator."""

    why: str


async def erase(
    connection: Connection, settings: Settings, dossier: str, operator: str, reason: str
) -> Erased | NotErased:
    """Destroy the key of a dossier (its id or official code) in one transaction; cannot be undone.

    Engines refuse later requests of it with `dossier.erased`; its timers are gone. Call
    `hub.documents.keeping.remove_erased` after it.
    """
    dossier_id = _as_id(dossier) or await connection.fetchval(_BY_CODE, dossier)
    async with connection.transaction():
        if dossier_id is None or await connection.fetchval(_LOCK, dossier_id) is None:
            return NotErased(f"no dossier {dossier}")
        erased_at = await connection.fetchval(_ERASED_AT, dossier_id)
        if erased_at is not None:
            return NotErased(f"{dossier_id} was erased at {erased_at.isoformat(timespec='seconds')}")
        refused = await refuse_parked(connection, settings, dossier_id, "dossier.erased", _EVER)
        for statement in (_DESTROY, _CLEAR, _STOP_TIMERS):
            await connection.execute(statement, dossier_id)
        deliveries = await empty_deliveries(connection, dossier_id)
        messages = await empty_messages(connection, dossier_id)
        letters = await drop_letters(connection, dossier_id)
        await connection.execute(_RECORD, dossier_id, operator, reason)
        await record_action(connection, operator, "dossier.erased", dossier_id, reason)
        await tell_engines(connection)
        facts = await connection.fetchval(_FACTS, dossier_id)
    return Erased(dossier_id, facts, refused, letters, messages, deliveries)


def _as_id(dossier: str) -> str | None:
    try:
        return str(UUID(dossier))
    except ValueError:
        return None
