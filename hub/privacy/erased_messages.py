"""Messages that wait, without personal fields: of erased dossiers, and with licensed data past their use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from uuid import UUID

import msgspec

from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.entries import Entry, WholeEntry, decode_segment, encode_segment
from hub.facts.integrity import StoreKey
from hub.facts.message import Message, decode_message
from hub.facts.parking import StoredRecord, decode_record
from hub.facts.redaction import is_past_use, without_personal
from hub.facts.untrusted import tell_untrusted
from hub.inbound.json_event import JsonEvent, read_event
from hub.postgres.database import Connection
from schemas.person_data import PersonDataReceived

_BLOCKED = """
select id, topic, shard, payload, mac from blocked_message
where starts_with(topic, 'out.') and position(convert_to($1, 'UTF8') in payload) > 0 for update
"""
_SEGMENTS = """
select id, shard, payload, mac from segment where position(convert_to($1, 'UTF8') in payload) > 0 for update
"""
_SET_BLOCKED = "update blocked_message set payload = $2, mac = $3 where id = $1"
_SET_SEGMENT = "update segment set payload = $2, mac = $3 where id = $1"
_LETTERS = "select id, record from dead_letter where resolved_at is null and dropped_at is null"
_ALIASES = "select alias from alias where dossier_id = $1"
_DROP_LETTERS = "update dead_letter set record = '', dropped_at = now() where id = any($1)"

_SUBJECT = re.compile(rb'"subject"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_UNREADABLE = (msgspec.MsgspecError, UntrustedRowError, ValueError, TypeError, LookupError, AttributeError)

IsOver = Callable[[Message], bool]
"""Whether the personal fields of a fact's message have to go."""


async def empty_messages(connection: Connection, dossier_id: str, key: StoreKey) -> int:
    """Empty the messages of an erased dossier that were not published yet; how many."""
    return await _rewrite(connection, key, dossier_id, lambda message: message.key == dossier_id)


async def empty_past_use(connection: Connection, now: datetime, key: StoreKey) -> int:
    """Empty messages with licensed data whose use ended before they could be published; how many."""
    return await _rewrite(connection, key, PersonDataReceived.type, lambda message: is_past_use(message, now))


async def _rewrite(connection: Connection, key: StoreKey, needle: str, is_over: IsOver) -> int:
    """A message that is being published right now goes out as it was."""
    async with connection.transaction():
        rewritten = await _rewrite_blocked(connection, key, needle, is_over)
        return rewritten + await _rewrite_segments(connection, key, needle, is_over)


async def _rewrite_blocked(connection: Connection, key: StoreKey, needle: str, is_over: IsOver) -> int:
    rewritten = 0
    for row in await connection.fetch(_BLOCKED, needle):
        lane = row["topic"], row["shard"]
        is_ours = row["mac"] == key.blocked(*lane, row["payload"])
        with _left_if_foreign(f"blocked_message {row['id']}", is_ours=is_ours):
            before = decode_message(row["payload"])
            after = without_personal(before) if is_over(before) else before
            if after is not before:
                payload = after.encode()
                check = key.blocked(*lane, payload) if is_ours else None
                await connection.execute(_SET_BLOCKED, row["id"], payload, check)
                rewritten += 1
    return rewritten


async def _rewrite_segments(connection: Connection, key: StoreKey, needle: str, is_over: IsOver) -> int:
    rewritten = 0
    for row in await connection.fetch(_SEGMENTS, needle):
        is_ours = row["mac"] == key.segment(row["shard"], row["payload"])
        with _left_if_foreign(f"segment {row['id']}", is_ours=is_ours):
            entries = decode_segment(row["payload"])
            emptied = [_emptied(entry, is_over) for entry in entries]
            if emptied != entries:
                payload = encode_segment(emptied)
                check = key.segment(row["shard"], payload) if is_ours else None
                await connection.execute(_SET_SEGMENT, row["id"], payload, check)
                rewritten += sum(new != old for new, old in zip(emptied, entries, strict=True))
    return rewritten


@contextmanager
def _left_if_foreign(name: str, *, is_ours: bool) -> Iterator[None]:
    """A row that the hub has not written is never sent; one that cannot be read either stays as it is."""
    try:
        yield
    except _UNREADABLE:
        if is_ours:
            raise
        tell_untrusted(AlteredRowError(name))


def _emptied(entry: Entry, is_over: IsOver) -> Entry:
    if not isinstance(entry, WholeEntry) or not entry.topic.startswith("out.") or not is_over(entry.message):
        return entry
    return WholeEntry.of(without_personal(entry.message))


async def drop_letters(connection: Connection, dossier_id: str) -> tuple[int, int]:
    """Drop the bytes of open dead letters whose key or subject names an erased dossier.

    How many were dropped, and how many could not be read: they stay as they are.
    """
    aliases = {row["alias"].casefold() for row in await connection.fetch(_ALIASES, dossier_id)}
    found, unread = [], 0
    for row in await connection.fetch(_LETTERS):
        try:
            record = decode_record(row["record"])
        except UntrustedRowError as error:
            tell_untrusted(UntrustedRowError(f"dead_letter {row['id']}", error.why))
            unread += 1
            continue
        if names_dossier(record, dossier_id, aliases):
            found.append(row["id"])
    await connection.execute(_DROP_LETTERS, found)
    return len(found), unread


def names_dossier(record: StoredRecord, dossier_id: str, aliases: Collection[str]) -> bool:
    """Whether a key or a subject means the dossier, however it is written; aliases are case-folded (pure)."""
    sender = record.topic.rpartition("in.")[2]
    subjects = [value for name, value in record.headers if name.casefold() == "ce_subject"]
    for raw in (record.key or b"", *subjects, *_subjects_inside(record.value or b"")):
        subject = raw.decode("utf-8", "replace").strip()
        names = (f"code:{subject}", f"ref:{sender}:{subject[4:]}")
        if _as_uuid(subject) == UUID(dossier_id) or any(name.casefold() in aliases for name in names):
            return True
    return False


def _subjects_inside(value: bytes) -> Iterator[bytes]:
    """Of an event as one JSON object, also where the text around is broken or it stands there twice."""
    event = read_event(value)
    if isinstance(event, JsonEvent) and "subject" in event.texts:
        yield event.texts["subject"].encode()
    for written in _SUBJECT.findall(value):
        with suppress(ValueError):
            yield str(json.loads(written)).encode("utf-8", "replace")


def _as_uuid(subject: str) -> UUID | None:
    """In capitals, without dashes, in braces or as a URN it is the same."""
    try:
        return UUID(subject.lower())
    except ValueError:
        return None
