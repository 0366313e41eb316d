"""Segments that this process did not write itself: their entries as messages, from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import asyncpg
import msgspec
import orjson

from hub.errors import AlteredRowError, StopError, UntrustedRowError
from hub.facts.entries import CopyEntry, Entry, FactEntry, ReceiptEntry, WholeEntry, decode_segment
from hub.facts.fact_bytes import StoredFact, facts_message
from hub.facts.message import Message, decode_message
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, is_fact_genuine, is_receipt_genuine, not_erased
from hub.facts.untrusted import OnUntrusted
from hub.outbox.replay import projected
from hub.outbox.segments import Segment
from hub.postgres.database import Session

_FACTS = f"""
select {FACT_COLUMNS}, k.wrapped
from unnest($1::uuid[], $2::int[]) w(dossier_id, sequence)
join fact f on f.dossier_id = w.dossier_id and f.sequence = w.sequence
left join dossier_key k on k.dossier_id = f.dossier_id
"""  # noqa: S608  no value stands in it
_RECEIPTS = """
select i.participant, i.id, i.digest, i.receipt, i.dossier_id::text as dossier, i.mac from inbox i
join unnest($1::text[], $2::text[]) w(participant, id) on i.participant = w.participant and i.id = w.id
"""

FactPlace = tuple[str, int]


class StoredSegments:
    """Reads segments back; the messages are those that their writer had in memory."""

    def __init__(self, session: Session, master: MasterKey, on_untrusted: OnUntrusted) -> None:
        self._session = session
        self._master = master
        self._on_untrusted = on_untrusted

    async def messages(self, segments: Sequence[Segment]) -> list[list[Message] | None]:
        """The messages of each segment, in order; raises what the session raises.

        None for a segment that was altered, and no message for a row that was: `on_untrusted` gets its name.
        """
        decoded = [self._entries(segment) for segment in segments]
        entries = [entry for one in decoded if one is not None for entry in one]
        facts = await self._facts(entries)
        receipts = await self._receipts(entries)
        return [None if one is None else list(self._told(one, facts, receipts)) for one in decoded]

    def _entries(self, segment: Segment) -> list[Entry] | None:
        if segment.mac != self._master.store.segment(segment.shard, segment.payload):
            self._on_untrusted(AlteredRowError(f"segment {segment.id}"))
            return None
        try:
            return decode_segment(segment.payload)
        except msgspec.DecodeError:
            raise StopError(f"segment {segment.id} is of a newer version than this program") from None

    def _told(
        self,
        entries: Iterable[Entry],
        facts: Mapping[FactPlace, asyncpg.Record],
        receipts: Mapping[tuple[str, str], bytes],
    ) -> Iterator[Message]:
        for entry in entries:
            try:
                message = self._message(entry, facts, receipts)
            except UntrustedRowError as error:
                self._on_untrusted(error)
                continue
            except Exception as error:  # noqa: BLE001  one receiver's message never holds up those of others
                why = f"no message is made of it: {type(error).__name__}"
                self._on_untrusted(UntrustedRowError(_name(entry), why))
                continue
            if message is not None:
                yield message

    def _message(
        self,
        entry: Entry,
        facts: Mapping[FactPlace, asyncpg.Record],
        receipts: Mapping[tuple[str, str], bytes],
    ) -> Message | None:
        match entry:
            case FactEntry(dossier_id, sequence):
                return _of_facts_topic(_found(facts, (dossier_id, sequence), "fact"))
            case CopyEntry(receiver, dossier_id, sequence, subject):
                row = _found(facts, (dossier_id, sequence), "fact")
                return projected(row["bytes"], row["wrapped"], self._master, receiver, subject)
            case ReceiptEntry(participant, request_id):
                return decode_message(_found(receipts, (participant, request_id), "inbox"))
            case WholeEntry():
                return entry.message

    async def _facts(self, entries: Iterable[Entry]) -> dict[FactPlace, asyncpg.Record]:
        wanted = {(e.dossier_id, e.sequence) for e in entries if isinstance(e, FactEntry | CopyEntry)}
        if not wanted:
            return {}
        dossiers, sequences = zip(*wanted, strict=True)
        rows = await self._session.fetch(_FACTS, list(dossiers), list(sequences))
        key = self._master.store
        gone = {row["dossier"] for row in rows if row["wrapped"] is None}
        altered = await not_erased(self._session, gone, key)
        return {
            (row["dossier"], row["sequence"]): row
            for row in rows
            if is_fact_genuine(row, key) and row["dossier"] not in altered
        }

    async def _receipts(self, entries: Iterable[Entry]) -> dict[tuple[str, str], bytes]:
        wanted = {(e.participant, e.request_id) for e in entries if isinstance(e, ReceiptEntry)}
        if not wanted:
            return {}
        participants, ids = zip(*wanted, strict=True)
        rows = await self._session.fetch(_RECEIPTS, list(participants), list(ids))
        key = self._master.store
        return {
            (row["participant"], row["id"]): row["receipt"]
            for row in rows
            if is_receipt_genuine(row, key) and row["receipt"] is not None
        }


def _name(entry: Entry) -> str:
    match entry:
        case FactEntry(dossier_id, sequence) | CopyEntry(_, dossier_id, sequence, _):
            return f"fact {dossier_id} {sequence}"
        case ReceiptEntry(participant, request_id):
            return f"inbox {participant} {request_id}"
        case WholeEntry():
            return "segment"


Place = TypeVar("Place", bound=tuple[str, int] | tuple[str, str])
Found = TypeVar("Found")


def _found(rows: Mapping[Place, Found], place: Place, table: str) -> Found:
    """The row; only altered ones are missing, since a segment is written with what it names."""
    try:
        return rows[place]
    except KeyError:
        raise AlteredRowError(f"{table} {place[0]} {place[1]}") from None


def _of_facts_topic(row: asyncpg.Record) -> Message:
    fact = StoredFact(
        row["id"], row["dossier"], row["sequence"], row["type"], row["time"], row["bytes"], row["hash"]
    )
    return facts_message(fact, orjson.loads(row["bytes"])["ruleset"])
