"""Segments that this process did not write itself: their entries as messages, from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import orjson

from hub.message import Message, decode_message
from hub.outbox import CopyEntry, Entry, FactEntry, ReceiptEntry, WholeEntry, decode_segment
from hub.recording import StoredFact, facts_message
from hub.replay import projected
from hub.sealing import MasterKey
from hub.store.database import Session

_FACTS = """
select f.id::text as id, f.dossier_id::text as dossier, f.sequence, f.type, f.time, f.bytes, f.hash, k.wrapped
from unnest($1::uuid[], $2::int[]) w(dossier_id, sequence)
join fact f on f.dossier_id = w.dossier_id and f.sequence = w.sequence
left join dossier_key k on k.dossier_id = f.dossier_id
"""
_RECEIPTS = """
select i.participant, i.id, i.receipt from inbox i
join unnest($1::text[], $2::text[]) w(participant, id) on i.participant = w.participant and i.id = w.id
"""

FactPlace = tuple[str, int]


class StoredSegments:
    """Reads segments back; the messages are those that their writer had in memory."""

    def __init__(self, session: Session, master: MasterKey) -> None:
        self._session = session
        self._master = master

    async def messages(self, payloads: Sequence[bytes]) -> list[list[Message]]:
        """The messages of each segment, in order; raises what the session raises."""
        segments = [decode_segment(payload) for payload in payloads]
        entries = [entry for segment in segments for entry in segment]
        facts = await self._facts(entries)
        receipts = await self._receipts(entries)
        return [
            [message for entry in segment if (message := self._message(entry, facts, receipts)) is not None]
            for segment in segments
        ]

    def _message(
        self,
        entry: Entry,
        facts: Mapping[FactPlace, asyncpg.Record],
        receipts: Mapping[tuple[str, str], bytes],
    ) -> Message | None:
        match entry:
            case FactEntry(dossier_id, sequence):
                return _of_facts_topic(facts[(dossier_id, sequence)])
            case CopyEntry(receiver, dossier_id, sequence, subject):
                row = facts[(dossier_id, sequence)]
                return projected(row["bytes"], row["wrapped"], self._master, receiver, subject)
            case ReceiptEntry(participant, request_id):
                return decode_message(receipts[(participant, request_id)])
            case WholeEntry():
                return entry.message

    async def _facts(self, entries: Iterable[Entry]) -> dict[FactPlace, asyncpg.Record]:
        wanted = {(e.dossier_id, e.sequence) for e in entries if isinstance(e, FactEntry | CopyEntry)}
        if not wanted:
            return {}
        dossiers, sequences = zip(*wanted, strict=True)
        rows = await self._session.fetch(_FACTS, list(dossiers), list(sequences))
        return {(row["dossier"], row["sequence"]): row for row in rows}

    async def _receipts(self, entries: Iterable[Entry]) -> dict[tuple[str, str], bytes]:
        wanted = {(e.participant, e.request_id) for e in entries if isinstance(e, ReceiptEntry)}
        if not wanted:
            return {}
        participants, ids = zip(*wanted, strict=True)
        rows = await self._session.fetch(_RECEIPTS, list(participants), list(ids))
        return {(row["participant"], row["id"]): row["receipt"] for row in rows}


def _of_facts_topic(row: asyncpg.Record) -> Message:
    fact = StoredFact(
        row["id"], row["dossier"], row["sequence"], row["type"], row["time"], row["bytes"], row["hash"]
    )
    return facts_message(fact, orjson.loads(row["bytes"])["ruleset"])
