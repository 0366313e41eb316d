"""Rebuild what a participant got: a projection of the stored facts, and the stored receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import orjson

from hub.message import Message, decode_message
from hub.recording import open_fact, receiver_message
from hub.sealing import MasterKey
from hub.store.database import Connection
from schemas.registry import FACTS

_PAGE = 500
_FACTS = """
select f.time, f.dossier_id::text as dossier, f.sequence, f.bytes, k.wrapped,
       (select substr(a.alias, 6) from alias a
        where a.dossier_id = f.dossier_id and a.alias like 'code:%') as code,
       (select min(g.sequence) from fact g
        where g.dossier_id = f.dossier_id and g.type = 'onestop.dossier.accepted.v1') as coded_from
from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.time >= $1 and (f.time, f.dossier_id, f.sequence) > ($2, $3::uuid, $4)
order by f.time, f.dossier_id, f.sequence limit $5
"""
_RECEIPTS = """
select id, receipt from inbox where participant = $1 and receipt is not null and id > $2 order by id limit $3
"""
_FIRST = ("00000000-0000-0000-0000-000000000000", -1)


async def fact_messages(
    connection: Connection, master: MasterKey, participant: str, since: datetime
) -> AsyncIterator[Message]:
    """Every fact message of the participant from `since` (legal time) on, with the first ids and bytes.

    By legal time, per dossier in the order of its facts; a dossier whose key was destroyed gives none.
    """
    time, (dossier, sequence) = since, _FIRST
    while rows := await connection.fetch(_FACTS, since, time, dossier, sequence, _PAGE):
        for row in rows:
            message = _message(row, master, participant)
            if message is not None:
                yield message
        time, dossier, sequence = rows[-1]["time"], rows[-1]["dossier"], rows[-1]["sequence"]


def _message(row: asyncpg.Record, master: MasterKey, participant: str) -> Message | None:
    stored, wrapped, code, coded_from = row["bytes"], row["wrapped"], row["code"], row["coded_from"]
    if participant not in orjson.loads(stored)["to"] or wrapped is None:
        return None
    body = open_fact(stored, master.unwrap(wrapped))
    fact = FACTS[body["type"]].model_validate_json(orjson.dumps(body["data"]), extra="ignore")
    has_code = coded_from is not None and body["sequence"] >= coded_from
    return receiver_message(
        fact_id=body["id"],
        fact_type=body["type"],
        dossier_id=body["dossier"],
        sequence=body["sequence"],
        time=body["time"],
        ruleset=body["ruleset"],
        receiver=participant,
        subject=code if has_code else body["dossier"],
        cause=body["request"],
        data=fact.__pydantic_serializer__.to_json(fact, exclude_none=True),
    )


async def receipt_messages(connection: Connection, participant: str) -> AsyncIterator[Message]:
    """Every stored receipt of the participant, byte for byte, in the order of the request ids."""
    last = ""
    while rows := await connection.fetch(_RECEIPTS, participant, last, _PAGE):
        for row in rows:
            yield decode_message(row["receipt"])
        last = rows[-1]["id"]
