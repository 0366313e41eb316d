"""Erasure of a dossier's personal data: its key is destroyed, facts and hashes stay as they are.

Copies that wait elsewhere in the store go in the same transaction; its documents after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from hub.dossier.errors import StateError
from hub.dossier.state.codec import state_from_json, to_json
from hub.dossier.state.model import Dossier
from hub.errors import AlteredRowError
from hub.facts.integrity import ERASED, StoreKey
from hub.facts.trusted import erased, is_receipt_genuine
from hub.postgres.adapter_tables import owners_not_installed
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action, tell_engines
from hub.privacy.erased_deliveries import EmptiedDeliveries, empty_deliveries
from hub.privacy.erased_messages import drop_letters, empty_messages
from hub.privacy.parked_refusals import refuse_parked
from hub.settings import Settings

_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_BY_CODE = "select dossier_id::text as dossier, mac from alias where alias = $1"
_LOCK = "select id from dossier where id = $1 for update"
_ERASED_AT = "select erased_at from erasure where dossier_id = $1"
_DESTROY = "delete from dossier_key where dossier_id = $1"
_ROW = "select head, sequence, state from dossier where id = $1"
_CLEAR = "update dossier set private = null, parked = -1, state = $2, mac = $3 where id = $1"
_ANSWERED = """
select participant, id, digest, receipt, dossier_id::text as dossier, mac from inbox where dossier_id = $1
"""
_FORGET = """
update inbox i set digest = $1, mac = w.mac
from unnest($2::text[], $3::text[], $4::bytea[]) w(participant, id, mac)
where i.participant = w.participant and i.id = w.id
"""
_STOP_TIMERS = "delete from timer where dossier_id = $1"
_FORGET_PHONE = "delete from alias where dossier_id = $1 and alias like 'phone:%'"
_RECORD = """
insert into erasure (dossier_id, operator, reason) values ($1, $2, $3)
on conflict (dossier_id) do update
set operator = excluded.operator, reason = excluded.reason, erased_at = now()
"""
_FACTS = "select count(*) from fact where dossier_id = $1"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: facts that stay sealed, requests refused, letters dropped, messages emptied."""

    dossier_id: str
    facts: int
    refused: int
    letters: int
    unread_letters: int
    messages: int
    deliveries: EmptiedDeliveries


@dataclass(frozen=True, slots=True)
class NotErased:
    """Nothing was done; `why` is one line for the operator."""

    why: str


async def erase(
    connection: Connection, settings: Settings, key: StoreKey, dossier: str, operator: str, reason: str
) -> Erased | NotErased:
    """Destroy the key of a dossier (its id or official code) in one transaction; cannot be undone.

    Engines refuse later requests of it with `dossier.erased`; its timers are gone. Call
    `hub.privacy.kept_documents.remove_erased` after it.
    """
    if foreign := await owners_not_installed(connection):
        return NotErased(
            f"{', '.join(foreign)}: this adapter has tables here and is not installed: install it"
        )
    dossier_id = _as_id(dossier)
    if dossier_id is None and (row := await connection.fetchrow(_BY_CODE, f"code:{dossier}")) is not None:
        dossier_id = str(row["dossier"])
        if key.alias(f"code:{dossier}", dossier_id) != row["mac"]:
            return NotErased(str(AlteredRowError(f"alias {dossier}")))
    async with connection.transaction():
        if dossier_id is None or await connection.fetchval(_LOCK, dossier_id) is None:
            return NotErased(f"no dossier {dossier}")
        erased_at = await connection.fetchval(_ERASED_AT, dossier_id)
        if erased_at is not None and dossier_id in await erased(connection, key):
            return NotErased(f"{dossier_id} was erased at {erased_at.isoformat(timespec='seconds')}")
        refused = await refuse_parked(connection, settings, key, dossier_id, "dossier.erased", _EVER)
        for statement in (_DESTROY, _STOP_TIMERS, _FORGET_PHONE):
            await connection.execute(statement, dossier_id)
        await _clear(connection, key, dossier_id)
        await _forget_contents(connection, key, dossier_id)
        deliveries = await empty_deliveries(connection, [dossier_id])
        messages = await empty_messages(connection, dossier_id, key)
        letters, unread = await drop_letters(connection, dossier_id)
        await connection.execute(_RECORD, dossier_id, operator, reason)
        await record_action(connection, operator, "dossier.erased", dossier_id, reason)
        await tell_engines(connection)
        facts = await connection.fetchval(_FACTS, dossier_id)
    return Erased(dossier_id, facts, refused, letters, unread, messages, deliveries)


async def _clear(connection: Connection, key: StoreKey, dossier_id: str) -> None:
    row = await connection.fetchrow(_ROW, dossier_id)
    assert row is not None
    state = _without_digests(row["state"])
    check = key.dossier(dossier_id, row["head"], row["sequence"], state, None, None)
    await connection.execute(_CLEAR, dossier_id, state, check)


def _without_digests(state: bytes | None) -> bytes | None:
    """A manifest names the owner by number: its digest would still tell who that was to who tries."""
    try:
        known = state_from_json(state) if state is not None else None
        return to_json(replace(known, digitised={})) if isinstance(known, Dossier) else state
    except StateError:
        return state


async def _forget_contents(connection: Connection, key: StoreKey, dossier_id: str) -> None:
    """Nobody can try out any more what the requests of the dossier said; a repeat is known by its id."""
    rows = await connection.fetch(_ANSWERED, dossier_id)
    made = [
        key.inbox(row["participant"], row["id"], ERASED, row["receipt"], row["dossier"])
        if is_receipt_genuine(row, key)
        else None
        for row in rows
    ]
    participants, ids = [row["participant"] for row in rows], [row["id"] for row in rows]
    await connection.execute(_FORGET, ERASED, participants, ids, made)


def _as_id(dossier: str) -> str | None:
    try:
        return str(UUID(dossier))
    except ValueError:
        return None
