"""Rebuild what a participant got: a projection of the stored facts, and the stored receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from cryptography.exceptions import InvalidTag

from hub.errors import AlteredRowError, StopError, UntrustedRowError
from hub.facts.fact_bytes import open_fact, receiver_message
from hub.facts.message import Message, decode_message
from hub.facts.redaction import MARK, is_past_use, without_personal
from hub.facts.sealing import MasterKey
from hub.facts.trusted import (
    FACT_COLUMNS,
    fact_name,
    is_fact_genuine,
    is_receipt_genuine,
    not_erased,
    receipt_name,
)
from hub.postgres.database import Connection
from schemas.registry import FACTS

_PAGE = 500
_MANY_S = 3600.0
# A time of receipt can lie before that of the fact before it: where a dossier begins is told by its sequence.
_TABLE = "create temporary table if not exists replayed (dossier_id uuid primary key, first int not null)"
_EMPTY = "truncate replayed"
_BEGIN = """
insert into replayed select dossier_id, min(sequence) from fact where time >= $1 group by dossier_id
"""
_FACTS = f"""
select {FACT_COLUMNS}, k.wrapped, substr(a.alias, 6) as code, a.mac as alias_mac,
       (select min(g.sequence) from fact g
        where g.dossier_id = f.dossier_id and g.type = 'onestop.dossier.accepted.v1') as coded_from
from (
    select dossier_id, first from replayed where dossier_id >= $1::uuid order by dossier_id limit $3
) r
join fact f on f.dossier_id = r.dossier_id and f.sequence >= r.first
left join dossier_key k on k.dossier_id = f.dossier_id
left join alias a on a.dossier_id = f.dossier_id and a.alias like 'code:%'
where (f.dossier_id, f.sequence) > ($1::uuid, $2)
order by f.dossier_id, f.sequence limit $3
"""  # noqa: S608  no value stands in it
_RECEIPTS = """
select participant, id, digest, receipt, dossier_id::text as dossier, mac from inbox
where participant = $1 and receipt is not null and id > $2 order by id limit $3
"""
_FIRST = ("00000000-0000-0000-0000-000000000000", -1)


async def fact_messages(
    connection: Connection, master: MasterKey, participant: str, since: datetime, now: datetime
) -> AsyncIterator[Message | UntrustedRowError]:
    """Every fact message of the participant from `since` (legal time) on, with the first ids and bytes.

    Dossier by dossier, each in the order of its facts. Of an erased dossier, and of licensed data whose use
    ended before `now` (legal time), the personal fields are left out, and `ce_erased` says so. In the place
    of an altered fact stands the error that names it.
    """
    for statement in (_TABLE, _EMPTY):
        await connection.execute(statement)
    await connection.execute(_BEGIN, since, timeout=_MANY_S)
    dossier, sequence = _FIRST
    while rows := await connection.fetch(_FACTS, dossier, sequence, _PAGE):
        gone = {row["dossier"] for row in rows if row["wrapped"] is None}
        altered = await not_erased(connection, gone, master.store)
        for row in rows:
            try:
                message = _of_row(row, master, participant, altered)
            except UntrustedRowError as error:
                yield error
                continue
            if message is not None:
                yield without_personal(message) if is_past_use(message, now) else message
        dossier, sequence = rows[-1]["dossier"], rows[-1]["sequence"]


def _of_row(
    row: asyncpg.Record, master: MasterKey, participant: str, altered: Collection[str]
) -> Message | None:
    if not is_fact_genuine(row, master.store):
        raise AlteredRowError(fact_name(row))
    if row["dossier"] in altered:
        raise AlteredRowError(f"dossier {row['dossier']}", "its key is gone, and it was not erased")
    return projected(row["bytes"], row["wrapped"], master, participant, _subject(row, master))


def _subject(row: asyncpg.Record, master: MasterKey) -> str:
    """The official code once the dossier had one."""
    subject: str = row["dossier"]
    if row["coded_from"] is None or row["sequence"] < row["coded_from"]:
        return subject
    code: str | None = row["code"]
    if code is None or master.store.alias(f"code:{code}", subject) != row["alias_mac"]:
        raise AlteredRowError(f"alias of dossier {subject}")
    return code


def projected(
    stored: bytes, wrapped: bytes | None, master: MasterKey, participant: str, subject: str
) -> Message | None:
    """What the participant gets of a stored fact, None if nothing; `wrapped` is None once it is erased.

    `UntrustedRowError` for a fact of a type that this program does not know: a newer one has written it.
    """
    if participant not in orjson.loads(stored)["to"]:
        return None
    body = _opened(stored, wrapped, master)
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
        data=orjson.dumps(body["data"]) if is_erased else _first_bytes(body),
    )
    return _marked(message) if is_erased else message


def _opened(stored: bytes, wrapped: bytes | None, master: MasterKey) -> dict[str, Any]:
    try:
        return open_fact(stored, None if wrapped is None else master.unwrap(wrapped))
    except (InvalidTag, StopError):
        dossier = orjson.loads(stored)["dossier"]
        raise UntrustedRowError(
            f"dossier_key {dossier}", "it does not open the facts of its dossier"
        ) from None


def _first_bytes(body: dict[str, Any]) -> bytes:
    """The data in the model's order of fields: the bytes that were sent the first time."""
    model = FACTS.get(body["type"])
    if model is None:
        row = f"fact {body['dossier']} {body['sequence']}"
        raise UntrustedRowError(row, "its type is of a newer version than this program")
    fact = model.model_validate_json(orjson.dumps(body["data"]), extra="ignore")
    return fact.__pydantic_serializer__.to_json(fact, exclude_none=True)


def _marked(message: Message) -> Message:
    return Message(message.topic, message.key, (*message.headers, MARK), message.value)


async def receipt_messages(
    connection: Connection, master: MasterKey, participant: str
) -> AsyncIterator[Message | UntrustedRowError]:
    """Every stored receipt of the participant, byte for byte, in the order of the request ids."""
    last = ""
    while rows := await connection.fetch(_RECEIPTS, participant, last, _PAGE):
        for row in rows:
            if is_receipt_genuine(row, master.store):
                yield decode_message(row["receipt"])
            else:
                yield AlteredRowError(receipt_name(row))
        last = rows[-1]["id"]
