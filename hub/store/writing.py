"""The one write of a batch: a decision as the arrays of `write_batch`, and what its misses mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from hub.batch import BatchDecision, DeadLetter
from hub.errors import WriteMissError
from hub.identifiers import shard_of
from hub.job import State
from hub.outbox import WholeEntry, encode_segment
from hub.recording import StoredFact
from hub.store.database import Connection
from hub.store.packing import Bytes, hashes, moments, numbers, texts
from hub.workspace import Held

_MISS_CODES = {"HB001": "offset_miss", "HB002": "head_miss", "40P01": "head_miss", "40001": "head_miss"}
_MISS_TABLES = {"inbox": "inbox_miss", "alias": "head_miss", "dossier": "head_miss"}


@dataclass(frozen=True, slots=True)
class OffsetStep:
    """How far one partition comes with the batch: `expected` is compared with what is stored."""

    topic: str
    partition: int
    topic_id: str
    expected: int
    next: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the relay knows of the shards that this process owns."""

    published: list[int]
    owned: list[int]
    known: list[int]


@dataclass(frozen=True, slots=True)
class Written:
    """Ids of the batch's own segments by shard, and older unpublished segments of owned shards."""

    fresh: dict[int, int]
    older: list[tuple[int, int, bytes]]


class MissError(WriteMissError):
    """Something compared has changed; `kind` is offset_miss, head_miss or inbox_miss."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


async def write_batch(
    connection: Connection,
    decision: BatchDecision[State],
    offsets: Sequence[OffsetStep],
    outgoing: Outgoing,
    *,
    dump: Any,
    shards: int,
) -> Written:
    """Write everything in one round trip and transaction; raises `MissError`, and then nothing is written."""
    arguments = _arguments(decision, offsets, outgoing, dump, shards)
    placeholders = ", ".join(f"${number}" for number in range(1, len(arguments) + 1))
    statement = f"select kind, id, shard, payload from write_batch({placeholders})"  # noqa: S608  numbers only
    try:
        rows = await connection.fetch(statement, *arguments)
    except asyncpg.UniqueViolationError as error:
        kind = next(
            (kind for table, kind in _MISS_TABLES.items() if (error.table_name or "").startswith(table)), None
        )
        if kind is None:
            raise
        raise MissError(kind) from None
    except asyncpg.PostgresError as error:
        kind = _MISS_CODES.get(error.sqlstate or "")
        if kind is None:
            raise
        raise MissError(kind) from None
    fresh = {row["shard"]: row["id"] for row in rows if row["kind"] == "fresh"}
    older = [(row["id"], row["shard"], row["payload"]) for row in rows if row["kind"] == "older"]
    return Written(fresh, older)


def _arguments(
    decision: BatchDecision[State],
    offsets: Sequence[OffsetStep],
    outgoing: Outgoing,
    dump: Any,
    shards: int,
) -> list[Any]:
    workspace = decision.workspace
    held = list(workspace.held.values())
    known = [dossier for dossier in held if not dossier.is_new]
    new = [dossier for dossier in held if dossier.is_new]
    changed = [dossier for dossier in known if dossier.is_changed]
    wide = Bytes()
    columns = [
        texts(dossier.id for dossier in known),
        hashes(dossier.read_head for dossier in known),
        numbers(dossier.read_parked for dossier in known),
        *_dossiers(new, dump, wide),
        wide.places(dossier.key.wrapped for dossier in new),
        *_dossiers(changed, dump, wide),
        *_columns(workspace.aliases.items(), 2),
        *_inbox(decision, wide),
        *_columns(((p, i, receipt) for (p, i), receipt in decision.late_receipts.items()), 3),
        *_facts(decision.facts, wide),
    ]
    return [
        decision.id,
        *_columns(((o.topic, o.partition, o.topic_id, o.expected, o.next) for o in offsets), 5),
        wide.joined,
        *columns,
        *_timer_columns(decision, [*new, *changed], shards),
        *_columns(map(_letter, decision.dead_letters), 6),
        *_columns(
            ((p.dossier_id, p.participant, p.request_id, p.reason, p.record) for p in decision.parked), 5
        ),
        decision.redriven,
        *_columns(_segments(decision, frozenset(outgoing.owned)), 2),
        outgoing.published,
        outgoing.owned,
        outgoing.known,
    ]


def _dossiers(dossiers: Sequence[Held[State]], dump: Any, wide: Bytes) -> list[Any]:
    return [
        texts(dossier.id for dossier in dossiers),
        hashes(dossier.head for dossier in dossiers),
        numbers(dossier.sequence for dossier in dossiers),
        numbers(dossier.parked for dossier in dossiers),
        wide.places(dump(dossier.state) if dossier.state is not None else None for dossier in dossiers),
        wide.places(dossier.private for dossier in dossiers),
    ]


def _inbox(decision: BatchDecision[State], wide: Bytes) -> list[Any]:
    answers = [decision.workspace.inbox[key] for key in decision.inbox_dossier]
    return [
        texts(participant for participant, _ in decision.inbox_dossier),
        texts(request_id for _, request_id in decision.inbox_dossier),
        hashes(answered.digest for answered in answers),
        wide.places(answered.receipt for answered in answers),
        texts(decision.inbox_dossier.values()),
    ]


def _facts(facts: Sequence[StoredFact], wide: Bytes) -> list[Any]:
    return [
        texts(fact.dossier_id for fact in facts),
        numbers(fact.sequence for fact in facts),
        texts(fact.id for fact in facts),
        texts(fact.type for fact in facts),
        moments(fact.time for fact in facts),
        wide.places(fact.content for fact in facts),
        hashes(fact.hash for fact in facts),
    ]


def _segments(decision: BatchDecision[State], owned: frozenset[int]) -> Iterator[tuple[int, bytes]]:
    for shard, both in sorted(decision.messages.items()):
        if shard in owned:
            yield shard, encode_segment([entry for _, entry in both])
        else:
            yield shard, encode_segment([WholeEntry.of(message) for message, _ in both])


def _letter(letter: DeadLetter) -> tuple[Any, ...]:
    received_at = datetime.fromtimestamp(letter.time_ms / 1000, UTC)
    return (letter.topic, letter.partition, letter.offset, received_at, letter.reason, letter.record)


def _timer_columns(
    decision: BatchDecision[State], changed: list[Held[State]], shards: int
) -> list[list[Any]]:
    job = decision.job
    put: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    for held in changed:
        timers = job.timers(held.state) if held.state is not None else {}
        for name, timer in timers.items():
            if held.read_timers.get(name) != timer:
                put.append((held.id, name, timer.kind, timer.due_at, shard_of(held.id, shards)))
        gone.extend((held.id, name) for name in held.read_timers if name not in timers)
    return [*_columns(put, 5), *_columns(gone, 2)]


def _columns(rows: Any, width: int) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
