"""Erasure of a dossier's personal data: its key is destroyed, facts and hashes stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

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
_HAS_DELIVERIES = "select to_regclass('delivery') is not null"
_EMPTY_DELIVERIES = """
with emptied as (
    update delivery d set data = ''
    where case when $1::text is null then d.dossier in (select dossier_id::text from erasure)
               else d.dossier = $1 end
      and d.ended_at is not null and not d.is_report_due and d.data <> ''
      and not exists (
          select from delivery_report r
          where r.adapter = d.adapter and r.id = d.report_id and r.state <> 'confirmed'
      )
    returning d.adapter, d.report_id
), reports as (
    update delivery_report r set data = '' from emptied e
    where r.adapter = e.adapter and r.id = e.report_id
)
select count(*) from emptied
"""
_OPEN_DELIVERIES = "select count(*) from delivery where dossier = $1 and data <> ''"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: facts that stay sealed for good, parked requests refused, deliveries emptied.

    `open_deliveries` are still under way: the first sweep after their end empties them.
    """

    dossier_id: str
    facts: int
    refused: int
    deliveries: int
    open_deliveries: int


@dataclass(frozen=True, slots=True)
class NotErased:
    """Nothing was done; `why` is one line for the operator."""

    why: str


async def erase(
    connection: Connection, settings: Settings, dossier: str, operator: str, reason: str
) -> Erased | NotErased:
    """Destroy the key of a dossier (its id or official code) in one transaction; cannot be undone.

    Engines refuse later requests of it with `dossier.erased`; its timers are gone.
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
        deliveries, under_way = await _deliveries(connection, dossier_id)
        await connection.execute(_RECORD, dossier_id, operator, reason)
        await record_action(connection, operator, "dossier.erased", dossier_id, reason)
        await tell_engines(connection)
        facts = await connection.fetchval(_FACTS, dossier_id)
    return Erased(dossier_id, facts, refused, deliveries, under_way)


def _as_id(dossier: str) -> str | None:
    try:
        return str(UUID(dossier))
    except ValueError:
        return None


async def _deliveries(connection: Connection, dossier_id: str) -> tuple[int, int]:
    if not await connection.fetchval(_HAS_DELIVERIES):
        return 0, 0
    emptied = await empty_deliveries(connection, dossier_id)
    return emptied, await connection.fetchval(_OPEN_DELIVERIES, dossier_id)


async def empty_deliveries(connection: Connection, dossier_id: str | None = None) -> int:
    """Empty what was delivered of an erased dossier (None: of all), once it is over; how many were emptied.

    The delivery tables must exist. An emptied delivery keeps its row, so that a repeat is still known.
    """
    emptied: int = await connection.fetchval(_EMPTY_DELIVERIES, dossier_id)
    return emptied
