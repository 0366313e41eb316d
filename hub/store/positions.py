"""Where each partition goes on: offsets with the topic's id, checked against the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from hub.intake import Assigned, Position
from hub.store.database import Connection

_STORED = """
select o.topic, o.partition, o.topic_id, o.next, o.starts, o.probing, o.marks, o.probe_until, o.stopped
from intake_offset o join unnest($1::text[], $2::int[]) w(topic, partition)
  on o.topic = w.topic and o.partition = w.partition
"""
_NEW = """
insert into intake_offset (topic, partition, topic_id, next)
select w.topic, w.partition, w.topic_id, 0
from unnest($1::text[], $2::int[], $3::text[]) w(topic, partition, topic_id)
on conflict do nothing
"""
_STOP = """
update intake_offset set stopped = $4, goes_on = $5
where topic = $1 and partition = $2 and next = $3 and stopped is null
"""
_COUNT_START = """
with held as (
    select o.topic, o.partition from intake_offset o
    join unnest($1::text[], $2::int[], $3::bigint[]) w(topic, partition, next) using (topic, partition, next)
    order by o.topic, o.partition for update of o
)
update intake_offset o set starts = o.starts + 1 from held h
where o.topic = h.topic and o.partition = h.partition
"""
"""Rows are held in one order, as in every statement that changes several."""
_MARK = """
update intake_offset
set marks = case when probing = $3 then marks + 1 else 1 end, probing = $3,
    probe_until = coalesce(probe_until, $3 + $4)
where topic = $1 and partition = $2
"""
_ACCEPT = """
update intake_offset
set stopped = null, goes_on = null, next = $3, topic_id = $4,
    starts = 0, probing = null, marks = 0, probe_until = null
where topic = $1 and partition = $2
"""
_ACCEPTED = "update configuration_version set version = version + 1 where kind = 'offsets'"


@dataclass(frozen=True, slots=True)
class LogEnds:
    """What the broker says of a partition: the id of its topic, first and next offset."""

    topic_id: str
    start: int
    end: int


AskEnds = Callable[[Iterable[Position]], Awaitable[Mapping[Position, LogEnds]]]
"""What the broker says of these partitions, now; those that do not exist are left out."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Partitions to read, and those that are stopped with the reason."""

    assigned: dict[Position, Assigned]
    stopped: dict[Position, str]


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """One partition as an operator sees it."""

    position: Position
    next: int
    stopped: str | None


async def load_positions(connection: Connection, wanted: Iterable[Position], ends: AskEnds) -> Loaded:
    """Stored positions of the partitions that exist; a gap stops its partition for an operator.

    The log is asked after the store: another engine may still move the position, and the log's end with it.
    """
    positions = list(wanted)
    stored = await _stored(connection, positions)
    logs = await ends(positions)
    new = {position: log.topic_id for position, log in logs.items() if position not in stored}
    if new:
        topics, numbers = [topic for topic, _ in new], [number for _, number in new]
        await connection.execute(_NEW, topics, numbers, list(new.values()))
        stored |= await _stored(connection, new)
    loaded = Loaded({}, {})
    for position, log in logs.items():
        row = stored[position]
        reason = row["stopped"] or gap(row["topic_id"], row["next"], log)
        if reason is None:
            loaded.assigned[position] = Assigned(
                row["topic_id"], row["next"], row["starts"], row["probing"], row["marks"], row["probe_until"]
            )
            continue
        loaded.stopped[position] = reason
        if row["stopped"] is None:
            await stop_partition(connection, position, row["next"], reason)
    return loaded


async def _stored(connection: Connection, positions: Collection[Position]) -> dict[Position, asyncpg.Record]:
    topics, numbers = [topic for topic, _ in positions], [number for _, number in positions]
    rows = await connection.fetch(_STORED, topics, numbers)
    return {(row["topic"], row["partition"]): row for row in rows}


def gap(topic_id: str, expected: int, log: LogEnds) -> str | None:
    """Why a partition may not be read on, or None (pure): the reason names the lost offsets."""
    if topic_id != log.topic_id:
        return (
            f"recreated: stored topic id {topic_id}, broker has {log.topic_id}; stored next offset {expected}"
        )
    if log.start > expected:
        return f"lost: offsets {expected} to {log.start - 1} are gone from the log"
    if log.end < expected:
        return f"truncated: the log ends at {log.end}, stored next offset is {expected}"
    return None


async def count_starts(connection: Connection, starts: Mapping[Position, int]) -> None:
    """Note that this process begins to work at these offsets; any commit there sets the count back."""
    await connection.execute(
        _COUNT_START,
        [topic for topic, _ in starts],
        [number for _, number in starts],
        list(starts.values()),
    )


async def mark_probe(connection: Connection, position: Position, offset: int, width: int) -> None:
    """Say durably which record this process is about to touch alone; `width` records are probed in all."""
    await connection.execute(_MARK, *position, offset, width)


async def stop_partition(
    connection: Connection, position: Position, expected: int, reason: str, goes_on: int | None = None
) -> None:
    """Stop a partition that stands at `expected`, until an operator accepts the gap.

    `goes_on` is where it goes on then; without it, at the first offset that the log has.
    """
    await connection.execute(_STOP, *position, expected, reason, goes_on)


async def stored_positions(connection: Connection) -> Sequence[StoredPosition]:
    """All partitions, the stopped ones first."""
    rows = await connection.fetch(
        "select topic, partition, next, stopped from intake_offset order by stopped is null, topic, partition"
    )
    return [StoredPosition((row["topic"], row["partition"]), row["next"], row["stopped"]) for row in rows]


async def accept_gap(connection: Connection, position: Position, log: LogEnds) -> str | None:
    """An operator accepts the gap of a stopped partition: go on at the first offset that can be read.

    Returns the reason that was accepted, or None when the partition was not stopped.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            "select stopped, next, goes_on, topic_id from intake_offset "
            "where topic = $1 and partition = $2 for update",
            *position,
        )
        if row is None or row["stopped"] is None:
            return None
        skipped = row["goes_on"] if row["goes_on"] is not None else row["next"]
        is_same = row["topic_id"] == log.topic_id
        goes_on = min(max(skipped, log.start), log.end) if is_same else log.start
        await connection.execute(_ACCEPT, *position, goes_on, log.topic_id)
        await connection.execute(_ACCEPTED)
    return str(row["stopped"])
