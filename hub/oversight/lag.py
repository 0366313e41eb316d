"""What waits: unread records of each participant's topic, the outbox, deliveries, reports, webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.kafka.log_inspector import LogEnds, LogObserver, Position
from hub.postgres.database import Connection

_STORED = "select topic, partition, next, stopped from intake_offset"
_SEGMENTS = "select count(*) as count from segment"
_BLOCKED = """
select topic, count(*) as count, min(blocked_at) as since from blocked_message group by topic order by topic
"""
DELIVERIES = """
select adapter, count(*) as count, min(first_at) as since from delivery
where state in ('pending', 'leased', 'unknown') group by adapter order by adapter
"""
REPORTS = """
select adapter, count(*) as count, min(created_at) as since from delivery_report
where state <> 'confirmed' group by adapter order by adapter
"""
_HOOKS = "select participant, positions from webhook order by participant"


async def lag(
    connection: Connection, observer: LogObserver, prefix: str, names: Sequence[str]
) -> list[dict[str, Any]]:
    """A line for each thing in which something may wait: how much, and since when."""
    stored = {(row["topic"], row["partition"]): row for row in await connection.fetch(_STORED)}
    topics = [f"{prefix}in.{name}" for name in (*names, "hub")]
    hooks = {row["participant"]: row["positions"] for row in await connection.fetch(_HOOKS)}
    readers = await observer.readers(names)
    told = [f"{prefix}out.{name}" for name in names]
    ends = await observer.ends(await observer.partitions([*topics, *told]))
    unread = {
        position: max(stored[position]["next"] if position in stored else 0, log.start)
        for position, log in ends.items()
        if position[0] in topics
    }
    waiting = {position: at for position, at in unread.items() if at < ends[position].end}
    times = await observer.received_at(waiting) if waiting else {}
    return [
        *(_topic(topic, unread, ends, times, stored) for topic in topics),
        *(_reader(group, places, ends) for group, places in readers.items() if places),
        *await _stored_lines(connection),
        *(_hook(name, f"{prefix}out.{name}", places, ends) for name, places in hooks.items()),
    ]


async def _stored_lines(connection: Connection) -> list[dict[str, Any]]:
    lines = [_line("outbox", "segments", await connection.fetchval(_SEGMENTS), None)]
    for kind, statement in (("blocked", _BLOCKED), ("deliveries", DELIVERIES), ("reports", REPORTS)):
        rows = await connection.fetch(statement)
        lines += [_line(kind, row[0], row["count"], row["since"]) for row in rows]
    return lines


def _topic(
    topic: str,
    unread: Mapping[Position, int],
    ends: Mapping[Position, LogEnds],
    times: Mapping[Position, int],
    stored: Mapping[Position, Any],
) -> dict[str, Any]:
    own = [position for position in ends if position[0] == topic]
    if not own:
        return _line("topic", topic, None, None, "missing or hidden from this user: hub doctor")
    count = sum(ends[position].end - unread[position] for position in own)
    oldest = min((times[position] for position in own if position in times), default=None)
    since = datetime.fromtimestamp(oldest / 1000, UTC) if oldest is not None else None
    stopped = [f"{p[1]}: {stored[p]['stopped']}" for p in own if p in stored and stored[p]["stopped"]]
    return _line("topic", topic, count, since, "; ".join(stopped))


def _reader(group: str, places: Mapping[Position, int], ends: Mapping[Position, LogEnds]) -> dict[str, Any]:
    """What a participant has not read yet of what it was told."""
    behind = [
        max(0, ends[place].end - max(at, ends[place].start)) for place, at in places.items() if place in ends
    ]
    return _line("reader", group, sum(behind), None)


def _hook(name: str, topic: str, places: Sequence[int], ends: Mapping[Position, LogEnds]) -> dict[str, Any]:
    count = 0
    for position, log in ends.items():
        if position[0] == topic:
            place = places[position[1]] if position[1] < len(places) else 0
            count += log.end - max(place, log.start)
    return _line("webhook", name, count, None)


def _line(
    kind: str, name: str, waiting: int | None, since: datetime | None, remark: str = ""
) -> dict[str, Any]:
    age_s = 0 if waiting == 0 else None
    if since is not None:
        age_s = max(0, round((datetime.now(UTC) - since).total_seconds()))
    return {
        "kind": kind,
        "name": name,
        "waiting": waiting,
        "age_s": age_s,
        "since": since,
        "remark": remark or None,
    }
