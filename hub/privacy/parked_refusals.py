"""Parked requests that nobody will decide any more: each gets its one answer, then its bytes are deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from hub.dossier.decision import Refused
from hub.facts import receipts
from hub.facts.entries import ReceiptEntry, encode_segment
from hub.facts.integrity import StoreKey
from hub.facts.message import Message
from hub.facts.trusted import is_receipt_genuine
from hub.identifiers import shard_of_key
from hub.inbound.directory import HUB
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.postgres.numbers import next_free
from hub.settings import Settings

_LOCK = "select parked from dossier where id = $1 for update"
_PARKED = """
select p.position, p.participant, p.request_id as id, p.parked_at,
       i.digest, i.receipt, i.dossier_id::text as dossier, i.mac
from parked_request p left join inbox i on i.participant = p.participant and i.id = p.request_id
where p.dossier_id = $1 and p.parked_at < $2 order by p.position
"""
_ANSWER = """
update inbox i set receipt = w.receipt, mac = w.mac
from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) w(participant, id, receipt, mac)
where i.participant = w.participant and i.id = w.id and i.receipt is null
"""
_DELETE = "delete from parked_request where position = any($1)"
_COUNT = "update dossier set parked = greatest(parked::bigint - $2, -2147483648) where id = $1"
_SEGMENT = "insert into segment (shard, payload, mac) values ($1, $2, $3)"


async def refuse_parked(
    connection: Connection, settings: Settings, key: StoreKey, dossier_id: str, code: str,
    parked_before: datetime,
) -> int:  # fmt: skip
    """Answer with the refusal `code` what was parked before that time, and take it off the queue.

    Runs in the caller's transaction and locks the dossier. Answers and their messages are stored
    together, as a batch does it; whoever owns the shard publishes them.
    """
    await connection.fetchval(_LOCK, dossier_id)
    rows = await connection.fetch(_PARKED, dossier_id, parked_before)
    if not rows:
        return 0
    clock = await read_clock(connection, settings.environment)
    now = clock.of(datetime.now(UTC))
    participants, ids = [row["participant"] for row in rows], [row["id"] for row in rows]
    answers = [_refusal(row, dossier_id, code, now).encode() for row in rows]
    made = [_check(row, answer, key) for row, answer in zip(rows, answers, strict=True)]
    await connection.execute(_ANSWER, participants, ids, answers, made)
    await connection.execute(_DELETE, [row["position"] for row in rows])
    await connection.execute(_COUNT, dossier_id, len(rows))
    told = [ReceiptEntry(*place) for place in zip(participants, ids, strict=True) if place[0] != HUB.name]
    if told:
        await _tell(connection, key, shard_of_key(dossier_id, settings.shards), encode_segment(told))
    return len(rows)


async def _tell(connection: Connection, key: StoreKey, shard: int, payload: bytes) -> None:
    async def write() -> None:
        async with connection.transaction():
            await connection.execute(_SEGMENT, shard, payload, key.segment(shard, payload))

    await next_free(write)


def _check(row: asyncpg.Record, answer: bytes, key: StoreKey) -> bytes | None:
    """An inbox row that was altered stays one."""
    if row["digest"] is None or not is_receipt_genuine(row, key):
        return None
    return key.inbox(row["participant"], row["id"], row["digest"], answer, row["dossier"])


def _refusal(row: asyncpg.Record, dossier_id: str, code: str, now: datetime) -> Message:
    """The record is sealed, so the time of parking stands for the time of receipt in the receipt's id."""
    return receipts.refused(
        owner=row["participant"], request_id=row["id"], key=dossier_id, refusal=Refused(code),
        time_ms=int(row["parked_at"].timestamp() * 1000), now=now, place="",
    )  # fmt: skip
