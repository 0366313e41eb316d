"""Where each partition goes on: offsets with the topic's id, checked against the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from hub.engine.intake.assigned import Assigned
from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.kafka.log_inspector import LogEnds, Position
from hub.postgres.database import Connection
from hub.postgres.versions import move_version

_STORED = """
select o.topic, o.partition, o.topic_id, o.next, o.starts, o.probing, o.marks, o.probe_until, o.stopped,
       o.batch::text as batch, o.goes_on, o.mac, o.marks_mac
from intake_offset o join unnest($1::text[], $2::int[]) w(topic, partition)
  on o.topic = w.topic and o.partition = w.partition
"""
_NEW = """
insert into intake_offset (topic, partition, topic_id, next, mac)
select w.topic, w.partition, w.topic_id, 0, w.mac
from unnest($1::text[], $2::int[], $3::text[], $4::bytea[]) w(topic, partition, topic_id, mac)
on conflict do nothing
"""
_STANDS = """
select topic, partition, topic_id, next, batch::text as batch, goes_on, stopped, mac from intake_offset
where topic = $1 and partition = $2 for update
"""
_STOP = "update intake_offset set stopped = $3, goes_on = $4, mac = $5 where topic = $1 and partition = $2"
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
_MARKED = """
select topic, partition, topic_id, probing, marks, marks_mac from intake_offset
where topic = $1 and partition = $2 for update
"""
_MARK = """
update intake_offset
set probing = $3::bigint, probe_until = coalesce(probe_until, $3::bigint + $4::bigint),
    marks = $5, marks_mac = $6
where topic = $1 and partition = $2
"""
_ACCEPT = """
update intake_offset
set stopped = null, goes_on = null, next = $3, topic_id = $4, batch = null, mac = $5,
    starts = 0, probing = null, marks = 0, probe_until = null
where topic = $1 and partition = $2
"""
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


async def load_positions(
    connection: Connection, wanted: Iterable[Position], ends: AskEnds, key: StoreKey
) -> Loaded:
    """Stored positions of the partitions that exist; a gap or an altered row stops its partition.

    The log is asked after the store: another engine may still move the position, and the log's end with it.
    """
    positions = list(wanted)
    stored = await _stored(connection, positions)
    logs = await ends(positions)
    new = {position: log.topic_id for position, log in logs.items() if position not in stored}
    if new:
        topics, numbers = [topic for topic, _ in new], [number for _, number in new]
        made = [key.offset(topic, number, new[topic, number], 0, None) for topic, number in new]
        await connection.execute(_NEW, topics, numbers, list(new.values()), made)
        stored |= await _stored(connection, new)
    loaded = Loaded({}, {})
    for position, log in logs.items():
        row = stored[position]
        reason = row["stopped"] or _altered(row, key) or gap(row["topic_id"], row["next"], log)
        if reason is None:
            loaded.assigned[position] = Assigned(
                row["topic_id"],
                row["next"],
                row["starts"],
                row["probing"],
                _marks(row, key),
                row["probe_until"],
            )
            continue
        loaded.stopped[position] = reason
        if row["stopped"] is None:
            await stop_partition(connection, position, row["next"], reason, key)
    return loaded


async def _stored(connection: Connection, positions: Collection[Position]) -> dict[Position, asyncpg.Record]:
    topics, numbers = [topic for topic, _ in positions], [number for _, number in positions]
    rows = await connection.fetch(_STORED, topics, numbers)
    return {(row["topic"], row["partition"]): row for row in rows}


def _altered(row: asyncpg.Record, key: StoreKey) -> str | None:
    """The offset is not what the batch has set that it names: records may have been skipped."""
    check = key.offset(
        row["topic"], row["partition"], row["topic_id"], row["next"], row["batch"], row["goes_on"]
    )
    if check == row["mac"]:
        return None
    return f"altered: the stored next offset {row['next']} is not what the hub has stored"


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


async def mark_probe(
    connection: Connection, position: Position, offset: int, width: int, key: StoreKey
) -> None:
    """Say durably which record this process is about to touch alone; `width` records are probed in all."""
    async with connection.transaction():
        row = await connection.fetchrow(_MARKED, *position)
        if row is None:
            return
        marks = 1 + (_marks(row, key) if row["probing"] == offset else 0)
        check = key.marks(*position, row["topic_id"], offset, marks)
        await connection.execute(_MARK, *position, offset, width, marks, check)


def _marks(row: asyncpg.Record, key: StoreKey) -> int:
    """How many processes have touched the record at `probing`; marks of somebody else bury none."""
    marks: int = row["marks"]
    place = row["topic"], row["partition"], row["topic_id"], row["probing"]
    if marks and key.marks(*place, marks) != row["marks_mac"]:
        tell_untrusted(AlteredRowError(f"intake_offset {row['topic']} {row['partition']}", "its marks"))
        return 0
    return marks


async def stop_partition(
    connection: Connection, position: Position, expected: int, reason: str, key: StoreKey,
    goes_on: int | None = None,
) -> None:  # fmt: skip
    """Stop a partition that stands at `expected`, until an operator accepts the gap.

    `goes_on` is where it goes on then; without it, at the first offset that the log has. An altered row stays
    one: no check is made for what somebody else has written.
    """
    async with connection.transaction():
        row = await connection.fetchrow(_STANDS, *position)
        if row is None or row["next"] != expected or row["stopped"] is not None:
            return
        made = key.offset(*position, row["topic_id"], row["next"], row["batch"], goes_on)
        check = None if _altered(row, key) else made
        await connection.execute(_STOP, *position, reason, goes_on, check)


async def stored_positions(connection: Connection) -> Sequence[StoredPosition]:
    """All partitions, the stopped ones first."""
    rows = await connection.fetch(
        "select topic, partition, next, stopped from intake_offset order by stopped is null, topic, partition"
    )
    return [StoredPosition((row["topic"], row["partition"]), row["next"], row["stopped"]) for row in rows]


async def accept_gap(connection: Connection, position: Position, log: LogEnds, key: StoreKey) -> str | None:
    """An operator accepts the gap of a stopped partition: go on at the first offset that can be read.

    Returns the reason that was accepted, or None when the partition was not stopped. Where the row was
    altered nobody knows the offset any more: the whole log is read again, and the inbox knows its repeats.
    """
    async with connection.transaction():
        row = await connection.fetchrow(_STANDS, *position)
        if row is None or row["stopped"] is None:
            return None
        skipped = row["goes_on"] if row["goes_on"] is not None else row["next"]
        is_same = row["topic_id"] == log.topic_id
        if _altered(row, key):
            skipped = log.start
        goes_on = min(max(skipped, log.start), log.end) if is_same else log.start
        check = key.offset(*position, log.topic_id, goes_on, None)
        await connection.execute(_ACCEPT, *position, goes_on, log.topic_id, check)
        await move_version(connection, "offsets")
    return str(row["stopped"])
