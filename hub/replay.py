"""Rebuild what a participant got: a projection of the stored facts, and the stored receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.erased_messages import MARK, is_past_use, without_personal
from hub.message import Message, decode_message
from hub.recording import open_fact, receiver_message
from hub.sealing import MasterKey
from hub.store.database import Connection
from schemas.registry import FACTS

_PAGE = 500
_FACTS = """
select f.time, f.dossier_id::text as dossier, f.sequence, f.bytes, k.wrapped, substr(a.alias, 6) as code,
       (select min(g.sequence) from fact g
        where g.dossier_id = f.dossier_id and g.type = 'onestop.dossier.accepted.v1') as coded_from
from fact f
left join dossier_key k on k.dossier_id = f.dossier_id
left join alias a on a.dossier_id = f.dossier_id and a.alias like 'code:%'
where f.time >= $1 and (f.time, f.dossier_id, f.sequence) > ($2, $3::uuid, $4)
order by f.time, f.dossier_id, f.sequence limit $5
"""
_RECEIPTS = """
select id, receipt from inbox where participant = $1 and receipt is not null and id > $2 order by id limit $3
"""
_FIRST = ("00000000-0000-0000-0000-000000000000", -1)


async def fact_messages(
    connection: Connection, master: MasterKey, participant: str, since: datetime, now: datetime
) -> AsyncIterator[Message]:
    """Every fact message of the participant from `since` (legal time) on, with the first ids and bytes.

    By legal time, per dossier in the order of its facts. Of an erased dossier, and of licensed data whose use
    ended before `now` (legal time), the personal fields are left out, and `ce_erased` says so.
    """
    time, (dossier, sequence) = since, _FIRST
    while rows := await connection.fetch(_FACTS, since, time, dossier, sequence, _PAGE):
        for row in rows:
            message = projected(row["bytes"], row["wrapped"], master, participant, _subject(row))
            if message is not None:
                yield without_personal(message) if is_past_use(message, now) else message
        time, dossier, sequence = rows[-1]["time"], rows[-1]["dossier"], rows[-1]["sequence"]


def _subject(row: asyncpg.Record) -> str:
    """The official code once the dossier had one."""
    has_code = row["coded_from"] is not None and row["sequence"] >= row["coded_from"]
    subject: str = row["code"] if has_code else row["dossier"]
    return subject


def projected(
    stored: bytes, wrapped: bytes | None, master: MasterKey, participant: str, subject: str
) -> Message | None:
    """What the participant gets of a stored fact, None if nothing; `wrapped` is None once it is erased."""
    if participant not in orjson.loads(stored)["to"]:
        return None
    body = open_fact(stored, None if wrapped is None else master.unwrap(wrapped))
    is_erased = wrapped is None or "sealed" in body
    message = receiver_message(
        fact_id=body["id"],
        fact_type=body["type"],
        dossier_id=body["dossier"],
        sequence=body["sequence"],
        time=body["time"],
        ruleset=body["ruleset"],
        receiver=participant,
        subject=subject,
        cause=body["request"],
        data=orjson.dumps(body["data"]) if is_erased else _first_bytes(body["type"], body["data"]),
    )
    return _marked(message) if is_erased else message


def _first_bytes(fact_type: str, data: Any) -> bytes:
    """The data in the model's order of fields: the bytes that were sent the first time."""
    fact = FACTS[fact_type].model_validate_json(orjson.dumps(data), extra="ignore")
    return fact.__pydantic_serializer__.to_json(fact, exclude_none=True)


def _marked(message: Message) -> Message:
    return Message(message.topic, message.key, (*message.headers, MARK), message.value)


async def receipt_messages(connection: Connection, participant: str) -> AsyncIterator[Message]:
    """Every stored receipt of the participant, byte for byte, in the order of the request ids."""
    last = ""
    while rows := await connection.fetch(_RECEIPTS, participant, last, _PAGE):
        for row in rows:
            yield decode_message(row["receipt"])
        last = rows[-1]["id"]
