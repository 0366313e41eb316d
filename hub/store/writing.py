"""The one write of a batch: a decision as the arrays of `write_batch`, and what its misses mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from hub.batch import BatchDecision
from hub.errors import WriteMissError
from hub.identifiers import shard_of
from hub.job import State
from hub.message import encode_segment
from hub.store.database import Connection
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
    segments = sorted(decision.messages.items())
    late = list(decision.late_receipts.items())
    return [
        decision.id,
        *_columns(((o.topic, o.partition, o.topic_id, o.expected, o.next) for o in offsets), 5),
        *_columns(((d.id, d.read_head, d.read_parked) for d in known), 3),
        *_columns(((*_row(d, dump), d.key.wrapped) for d in new), 7),
        *_columns((_row(d, dump) for d in changed), 6),
        *_columns(workspace.aliases.items(), 2),
        *_columns(_inbox_rows(decision), 5),
        *_columns(((p, i, receipt) for (p, i), receipt in late), 3),
        *_columns(
            ((f.dossier_id, f.sequence, f.id, f.type, f.time, f.content, f.hash) for f in decision.facts), 7
        ),
        *_timer_columns(decision, [*new, *changed], shards),
        *_columns(
            (
                (
                    x.topic,
                    x.partition,
                    x.offset,
                    datetime.fromtimestamp(x.time_ms / 1000, UTC),
                    x.reason,
                    x.record,
                )
                for x in decision.dead_letters
            ),
            6,
        ),
        *_columns(
            ((p.dossier_id, p.participant, p.request_id, p.reason, p.record) for p in decision.parked), 5
        ),
        decision.redriven,
        *_columns(
            ((shard, encode_segment([encoded for _, encoded in messages])) for shard, messages in segments), 2
        ),
        outgoing.published,
        outgoing.owned,
        outgoing.known,
    ]


def _row(held: Held[State], dump: Any) -> tuple[Any, ...]:
    state = dump(held.state) if held.state is not None else None
    return (held.id, held.head, held.sequence, held.parked, state, held.private)


def _inbox_rows(decision: BatchDecision[State]) -> Any:
    inbox = decision.workspace.inbox
    for key, dossier_id in decision.inbox_dossier.items():
        answered = inbox[key]
        yield (*key, answered.digest, answered.receipt, dossier_id)


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
