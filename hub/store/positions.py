"""Where each partition goes on: offsets with the topic's id, checked against the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.intake import Assigned, Position
from hub.store.database import Connection

_STORED = """
select o.topic, o.partition, o.topic_id, o.next, o.starts, o.probing, o.stopped
from intake_offset o join unnest($1::text[], $2::int[]) w(topic, partition)
  on o.topic = w.topic and o.partition = w.partition
"""
_NEW = """
insert into intake_offset (topic, partition, topic_id, next) values ($1, $2, $3, 0) on conflict do nothing
"""
_STOP = "update intake_offset set stopped = $3 where topic = $1 and partition = $2"
_COUNT_START = """
update intake_offset o set starts = o.starts + 1
from unnest($1::text[], $2::int[], $3::bigint[]) w(topic, partition, next)
where o.topic = w.topic and o.partition = w.partition and o.next = w.next
"""
_MARK = "update intake_offset set probing = $3 where topic = $1 and partition = $2"


@dataclass(frozen=True, slots=True)
class LogEnds:
    """What the broker says of a partition: the id of its topic, first and next offset."""

    topic_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Partitions to read, and those that are stopped with the reason."""

    assigned: dict[Position, Assigned]
    stopped: dict[Position, str]


async def load_positions(connection: Connection, logs: Mapping[Position, LogEnds]) -> Loaded:
    """Stored positions of the partitions in `logs`; a gap stops its partition for an operator."""
    for (topic, number), log in logs.items():
        await connection.execute(_NEW, topic, number, log.topic_id)
    topics, numbers = [topic for topic, _ in logs], [number for _, number in logs]
    loaded = Loaded({}, {})
    for row in await connection.fetch(_STORED, topics, numbers):
        position = (row["topic"], row["partition"])
        reason = row["stopped"] or gap(row["topic_id"], row["next"], logs[position])
        if reason is None:
            loaded.assigned[position] = Assigned(row["topic_id"], row["next"], row["starts"], row["probing"])
            continue
        loaded.stopped[position] = reason
        if row["stopped"] is None:
            await connection.execute(_STOP, *position, reason)
    return loaded


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


async def count_starts(connection: Connection, assigned: Mapping[Position, Assigned]) -> None:
    """Before the first batch of an assignment: one more start at this place; any commit sets it back."""
    await connection.execute(
        _COUNT_START,
        [topic for topic, _ in assigned],
        [number for _, number in assigned],
        [where.next for where in assigned.values()],
    )


async def mark_probe(connection: Connection, position: Position, offset: int) -> None:
    """Say durably which record is about to be touched."""
    await connection.execute(_MARK, *position, offset)


async def stop_partition(connection: Connection, position: Position, reason: str) -> None:
    """Stop a partition until an operator accepts the gap."""
    await connection.execute(_STOP, *position, reason)


async def accept_gap(connection: Connection, position: Position, log: LogEnds) -> str | None:
    """An operator accepts the gap of a stopped partition: go on at the first offset that can be read.

    Returns the reason that was accepted, or None when the partition was not stopped.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            "select stopped, next, topic_id from intake_offset "
            "where topic = $1 and partition = $2 for update",
            *position,
        )
        if row is None or row["stopped"] is None:
            return None
        is_same = row["topic_id"] == log.topic_id
        skipped = row["next"] + 1 if str(row["stopped"]).startswith("corrupt") else row["next"]
        goes_on = min(max(skipped, log.start), log.end) if is_same else log.start
        await connection.execute(
            "update intake_offset set stopped = null, next = $3, topic_id = $4, starts = 0, probing = null "
            "where topic = $1 and partition = $2",
            *position,
            goes_on,
            log.topic_id,
        )
        await connection.execute(
            "update configuration_version set version = version + 1 where kind = 'offsets'"
        )
    return str(row["stopped"])
