"""Messages that wait, without personal fields: of erased dossiers, and with licensed data past their use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from hub.integrity import StoreKey
from hub.message import Message, decode_message
from hub.outbox import Entry, WholeEntry, decode_segment, encode_segment
from hub.parking import decode_record
from hub.store.database import Connection
from schemas.person_data import PersonDataReceived
from schemas.personal import drop
from schemas.registry import FACTS

MARK = ("ce_erased", b"true")
_BLOCKED = """
select id, payload from blocked_message
where starts_with(topic, 'out.') and position(convert_to($1, 'UTF8') in payload) > 0 for update
"""
_SEGMENTS = """
select id, shard, payload, mac from segment where position(convert_to($1, 'UTF8') in payload) > 0 for update
"""
_SET_BLOCKED = "update blocked_message set payload = $2 where id = $1"
_SET_SEGMENT = "update segment set payload = $2, mac = $3 where id = $1"
_LETTERS = "select id, record from dead_letter where resolved_at is null and dropped_at is null"
_ALIASES = "select alias from alias where dossier_id = $1"
_DROP_LETTERS = "update dead_letter set record = '', dropped_at = now() where id = any($1)"

IsOver = Callable[[Message], bool]
"""Whether the personal fields of a fact's message have to go."""


def without_personal(message: Message) -> Message:
    """A fact's message as a replay sends it after an erasure: same id, marked (pure).

    A message of no fact, a receipt, holds nothing personal and stays as it is.
    """
    fact = FACTS.get(_header(message, "ce_type"))
    if fact is None or MARK in message.headers:
        return message
    value = orjson.dumps(drop(fact, orjson.loads(message.value)))
    return Message(message.topic, message.key, (*message.headers, MARK), value)


def is_past_use(message: Message, now: datetime) -> bool:
    """Whether these are licensed data that may not be used any more (NĐ 47/2020 Art. 41; pure)."""
    if _header(message, "ce_type") != PersonDataReceived.type:
        return False
    return datetime.fromisoformat(orjson.loads(message.value)["usable_until"]) <= now


def _header(message: Message, name: str) -> str:
    return next((value.decode() for key, value in message.headers if key == name), "")


async def empty_messages(connection: Connection, dossier_id: str, key: StoreKey) -> int:
    """Empty the messages of an erased dossier that were not published yet; how many."""
    return await _rewrite(connection, key, dossier_id, lambda message: message.key == dossier_id)


async def empty_past_use(connection: Connection, now: datetime, key: StoreKey) -> int:
    """Empty messages with licensed data whose use ended before they could be published; how many."""
    return await _rewrite(connection, key, PersonDataReceived.type, lambda message: is_past_use(message, now))


async def _rewrite(connection: Connection, key: StoreKey, needle: str, is_over: IsOver) -> int:
    """A message that is being published right now goes out as it was."""
    rewritten = 0
    async with connection.transaction():
        for row in await connection.fetch(_BLOCKED, needle):
            before = decode_message(row["payload"])
            after = without_personal(before) if is_over(before) else before
            if after is not before:
                await connection.execute(_SET_BLOCKED, row["id"], after.encode())
                rewritten += 1
        for row in await connection.fetch(_SEGMENTS, needle):
            entries = decode_segment(row["payload"])
            emptied = [_emptied(entry, is_over) for entry in entries]
            if emptied != entries:
                payload = encode_segment(emptied)
                is_ours = row["mac"] == key.segment(row["shard"], row["payload"])
                check = key.segment(row["shard"], payload) if is_ours else None
                await connection.execute(_SET_SEGMENT, row["id"], payload, check)
                rewritten += sum(new != old for new, old in zip(emptied, entries, strict=True))
    return rewritten


def _emptied(entry: Entry, is_over: IsOver) -> Entry:
    if not isinstance(entry, WholeEntry) or not entry.topic.startswith("out.") or not is_over(entry.message):
        return entry
    return WholeEntry.of(without_personal(entry.message))


async def drop_letters(connection: Connection, dossier_id: str) -> int:
    """Drop the bytes of open dead letters whose key or subject names an erased dossier; how many."""
    aliases = {row["alias"] for row in await connection.fetch(_ALIASES, dossier_id)}
    found = [
        row["id"] for row in await connection.fetch(_LETTERS) if _names(row["record"], dossier_id, aliases)
    ]
    await connection.execute(_DROP_LETTERS, found)
    return len(found)


def _names(stored: bytes, dossier_id: str, aliases: set[str]) -> bool:
    record = decode_record(stored)
    subjects = [value for name, value in record.headers if name == "ce_subject"]
    for raw in (record.key or b"", *subjects):
        subject = raw.decode("utf-8", "replace")
        sender = record.topic.rpartition("in.")[2]
        reference = f"ref:{sender}:{subject[4:]}"
        if subject == dossier_id or f"code:{subject}" in aliases or reference in aliases:
            return True
    return False
