"""The one write of a batch: a decision as the arguments of `write_batch`, and what its misses mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.rules import Rules
from hub.engine.decide.tally import DeadLetter
from hub.engine.decide.unit_of_work import LoadedDossier, UnitOfWork
from hub.engine.errors import MissError
from hub.engine.write.calls import (
    ALIASES,
    CHANGED_DOSSIERS,
    COMPARED,
    FACTS,
    GONE_TIMERS,
    INBOX,
    LATE_RECEIPTS,
    LETTERS,
    NEW_DOSSIERS,
    OFFSETS,
    PARKED,
    SEGMENTS,
    TIMERS,
    UNREAD,
    WRITE_BATCH,
    Parameters,
)
from hub.facts.entries import WholeEntry, encode_segment
from hub.facts.fact_bytes import StoredFact
from hub.facts.integrity import StoreKey
from hub.facts.packing import Bytes, checks, hashes, moments, numbers, texts
from hub.identifiers import shard_of
from hub.outbox.segments import Outgoing, Segment, Written
from hub.postgres.database import Connection

_MISS_CODES = {
    "HB001": "offset_miss",
    "HB002": "head_miss",
    "HB003": "version_miss",
    "40P01": "head_miss",
    "40001": "head_miss",
}
_MISS_TABLES = {
    "inbox": "inbox_miss",
    **dict.fromkeys(("alias", "dossier", "fact", "segment", "dead_letter", "parked_request"), "head_miss"),
}
"""Rows of the last three are numbered by the database: the next try takes the next number."""
_KEY = re.compile(r"\)=\((.*)\)")
"""The key of the row in PostgreSQL's words: `Key (dossier_id, sequence)=(..., 2) already exists.`"""


@dataclass(frozen=True, slots=True)
class OffsetStep:
    """How far one partition comes with the batch: `expected` is compared with what is stored."""

    topic: str
    partition: int
    topic_id: str
    expected: int
    next: int


async def write_batch(
    connection: Connection,
    decision: BatchDecision,
    offsets: Sequence[OffsetStep],
    outgoing: Outgoing,
    *,
    dump: Any,
    shards: int,
) -> Written:
    """Write everything in one round trip and transaction; raises `MissError`, and then nothing is written."""
    arguments = arguments_of(decision, offsets, outgoing, dump, shards)
    try:
        rows = await connection.fetch(WRITE_BATCH.statement, *WRITE_BATCH.arguments(arguments))
    except asyncpg.UniqueViolationError as error:
        miss = _standing_in_the_way(error, decision)
        if miss is None:
            raise
        raise miss from None
    except asyncpg.PostgresError as error:
        kind = _MISS_CODES.get(error.sqlstate or "")
        if kind is None:
            raise
        raise MissError(kind) from None
    fresh = {row["shard"]: row["id"] for row in rows if row["kind"] == "fresh"}
    older = [
        Segment(row["id"], row["shard"], row["payload"], row["mac"]) for row in rows if row["kind"] == "older"
    ]
    return Written(fresh, older)


def _standing_in_the_way(error: asyncpg.UniqueViolationError, decision: BatchDecision) -> MissError | None:
    """The miss because of a row that is there already; None for one that no batch of ours could meet."""
    name = error.table_name or ""
    table = next((table for table in _MISS_TABLES if name.startswith(table)), None)
    if table is None:
        return None
    found = _KEY.search(error.detail or "")
    key = found[1] if found else ""
    dossier = decision.workspace.aliases.get(key) if table == "alias" else key.partition(", ")[0]
    return MissError(_MISS_TABLES[table], f"{table} {key}", decision.positions.get(dossier or ""))


def arguments_of(
    decision: BatchDecision,
    offsets: Sequence[OffsetStep],
    outgoing: Outgoing,
    dump: Any,
    shards: int,
) -> dict[str, object]:
    """What `write_batch` is called with, by the names of its parameters (pure)."""
    workspace, key = decision.workspace, decision.store_key
    held = list(workspace.held.values())
    known = [dossier for dossier in held if not dossier.is_new]
    new = [dossier for dossier in held if dossier.is_new]
    changed = [dossier for dossier in known if dossier.is_changed]
    aliases = ((name, id_, key.alias(name, id_)) for name, id_ in workspace.aliases.items())
    parked = ((p.dossier_id, p.participant, p.request_id, p.reason, p.record) for p in decision.parked)
    wide = Bytes()
    return {
        "batch": decision.id,
        **_columns(OFFSETS, (_offset(step, decision.id, key) for step in offsets)),
        **_named(COMPARED, _compared(known)),
        **_named(UNREAD, _unread(workspace)),
        **_named(NEW_DOSSIERS, _new_dossiers(new, dump, wide, key)),
        **_named(CHANGED_DOSSIERS, _dossiers(changed, dump, wide, key)),
        **_columns(ALIASES, aliases),
        **_named(INBOX, _inbox(decision, wide, key)),
        **_columns(LATE_RECEIPTS, _late_receipts(decision, key)),
        **_named(FACTS, _facts(decision.facts, wide, key)),
        **_timers([*new, *changed], decision.rules, shards),
        **_columns(LETTERS, map(_letter, decision.dead_letters)),
        **_columns(PARKED, parked),
        "p_done": decision.redriven,
        **_columns(SEGMENTS, _segments(decision, frozenset(outgoing.owned), key)),
        "published": outgoing.published,
        "owned": outgoing.owned,
        "known": outgoing.known,
        "wide": wide.joined,
    }


def _columns(parameters: Parameters, rows: Iterable[Sequence[Any]]) -> dict[str, object]:
    """One array per parameter."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return _named(parameters, columns or [[] for _ in parameters])


def _named(parameters: Parameters, values: Iterable[object]) -> dict[str, object]:
    return dict(zip(parameters, values, strict=True))


def _offset(step: OffsetStep, batch: str, key: StoreKey) -> tuple[Any, ...]:
    check = key.offset(step.topic, step.partition, step.topic_id, step.next, batch)
    return (step.topic, step.partition, step.topic_id, step.expected, step.next, check)


def _compared(known: Sequence[LoadedDossier]) -> list[object]:
    return [
        texts([dossier.id for dossier in known]),
        hashes([dossier.read_head for dossier in known]),
        numbers([dossier.read_parked for dossier in known]),
    ]


def _unread(workspace: UnitOfWork) -> list[object]:
    """Versions, and aliases that are not there, which were not read; those that are added show it anyway."""
    versions = workspace.view.versions
    absent = workspace.view.absent - workspace.aliases.keys()
    return [list(versions), list(versions.values()), list(absent)]


def _new_dossiers(dossiers: Sequence[LoadedDossier], dump: Any, wide: Bytes, key: StoreKey) -> list[object]:
    *columns, made = _dossiers(dossiers, dump, wide, key)
    return [*columns, wide.places([dossier.key.wrapped for dossier in dossiers]), made]


def _dossiers(dossiers: Sequence[LoadedDossier], dump: Any, wide: Bytes, key: StoreKey) -> list[object]:
    """The columns of these dossiers; last the checks of their rows: none for one that is altered already."""
    states = [_state(dossier, dump) for dossier in dossiers]
    made = [
        key.dossier(d.id, d.head, d.sequence, state, d.private, d.key.wrapped) if d.altered is None else None
        for d, state in zip(dossiers, states, strict=True)
    ]
    return [
        texts([dossier.id for dossier in dossiers]),
        hashes([dossier.head for dossier in dossiers]),
        numbers([dossier.sequence for dossier in dossiers]),
        numbers([dossier.parked for dossier in dossiers]),
        wide.places(states),
        wide.places([dossier.private for dossier in dossiers]),
        checks(made),
    ]


def _state(dossier: LoadedDossier, dump: Any) -> bytes | None:
    if dossier.altered is not None:
        return dossier.altered.state
    stored: bytes | None = dump(dossier.state) if dossier.state is not None else None
    return stored


def _inbox(decision: BatchDecision, wide: Bytes, key: StoreKey) -> list[object]:
    answers = [decision.workspace.inbox[place] for place in decision.inbox_dossier]
    return [
        texts([participant for participant, _ in decision.inbox_dossier]),
        texts([request_id for _, request_id in decision.inbox_dossier]),
        hashes([answered.digest for answered in answers]),
        wide.places([answered.receipt for answered in answers]),
        texts(decision.inbox_dossier.values()),
        checks(
            [
                key.inbox(participant, request_id, answered.digest, answered.receipt, answered.dossier_id)
                for (participant, request_id), answered in zip(decision.inbox_dossier, answers, strict=True)
            ]
        ),
    ]


def _late_receipts(decision: BatchDecision, key: StoreKey) -> Iterator[tuple[Any, ...]]:
    for place, receipt in decision.late_receipts.items():
        answered = decision.workspace.inbox[place]
        yield (*place, receipt, key.inbox(*place, answered.digest, receipt, answered.dossier_id))


def _facts(facts: Sequence[StoredFact], wide: Bytes, key: StoreKey) -> list[object]:
    return [
        texts([fact.dossier_id for fact in facts]),
        numbers([fact.sequence for fact in facts]),
        texts([fact.id for fact in facts]),
        texts([fact.type for fact in facts]),
        moments([fact.time for fact in facts]),
        wide.places([fact.content for fact in facts]),
        hashes([fact.hash for fact in facts]),
        checks([key.fact(fact.hash) for fact in facts]),
    ]


def _segments(
    decision: BatchDecision, owned: frozenset[int], key: StoreKey
) -> Iterator[tuple[int, bytes, bytes]]:
    for shard, both in sorted(decision.messages.items()):
        if shard in owned:
            payload = encode_segment([entry for _, entry in both])
        else:
            payload = encode_segment([WholeEntry.of(message) for message, _ in both])
        yield shard, payload, key.segment(shard, payload)


def _letter(letter: DeadLetter) -> tuple[Any, ...]:
    received_at = datetime.fromtimestamp(letter.time_ms / 1000, UTC)
    return (letter.topic, letter.partition, letter.offset, received_at, letter.reason, letter.record)


def _timers(dossiers: Sequence[LoadedDossier], rules: Rules, shards: int) -> dict[str, object]:
    put: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    for held in dossiers:
        timers = rules.timers(held.state) if held.state is not None else {}
        for name, timer in timers.items():
            if held.read_timers.get(name) != timer:
                put.append((held.id, name, timer.kind, timer.due_at, shard_of(held.id, shards)))
        gone += [(held.id, name) for name in held.read_timers if name not in timers]
    return _columns(TIMERS, put) | _columns(GONE_TIMERS, gone)
