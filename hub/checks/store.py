"""The store: its version, its tables, and its clock beside the machine's and the broker's."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files

from hub.checks.check import Check, Finding
from hub.kafka import client as kafka
from hub.kafka.topics import HEARTBEAT_TOPIC
from hub.postgres.database import Connection, missing_tables
from hub.postgres.session_locks import session_trouble
from hub.settings import KafkaSettings, PostgresSettings

OLDEST_MAJOR = 18
"""The oldest PostgreSQL on which the tests run."""
MAX_APART_S = 2.0
_APPLIED = "select name from migration where name not like '%/%'"
"""Without the tables that adapters keep for themselves."""
_NOW = "select extract(epoch from clock_timestamp())::float8"
Connect = Callable[[], Awaitable[Connection]]
"""A session for this look; no two looks of a process come at a time."""


def store_check(connect: Connect, adapter: str = "") -> Check:
    """PostgreSQL is new enough and has the tables of this version of the hub, and those of an adapter.

    What opens the store begins with it: engine, gateway, adapters, and the operators' commands.
    """

    async def look() -> Sequence[Finding]:
        connection = await connect()
        found = []
        major = connection.get_server_version().major
        if major < OLDEST_MAJOR:
            found.append(
                Finding(f"PostgreSQL is {major}", f"the hub is made for {OLDEST_MAJOR} or newer: upgrade it")
            )
        missing = set(await missing_tables(connection, adapter))
        if missing >= migrations():
            found.append(Finding("HUB_POSTGRES__DSN names a database without tables", "run `hub setup`"))
        elif missing:
            found.append(Finding(f"tables of {', '.join(sorted(missing))} are missing", "run `hub setup`"))
        exists = await connection.fetchval("select to_regclass('migration') is not null")
        applied = {row["name"] for row in await connection.fetch(_APPLIED)} if exists else set()
        newer = sorted(applied - migrations())
        if newer:
            found.append(
                Finding(
                    f"the store was set up by a newer hub ({', '.join(newer)})", "run that version of the hub"
                )
            )
        return found

    return Check("store", "version of PostgreSQL, tables of this version of the hub", look)


def migrations() -> set[str]:
    """Names of all migrations of this version."""
    folder = files("hub.postgres") / "migrations"
    return {item.name for item in folder.iterdir() if item.name.endswith(".sql")}


def session_check(settings: PostgresSettings) -> Check:
    """Locks of a session hold: with them an engine owns shards, and a gateway calls webhooks."""

    async def look() -> Sequence[Finding]:
        reason = await session_trouble(settings)
        remedy = "let HUB_POSTGRES__DSN name PostgreSQL itself, or a pooler in session mode"
        return [Finding(reason, remedy)] if reason is not None else []

    return Check("sessions", "locks of a database session hold", look)


def clock_check(connect: Connect, settings: KafkaSettings) -> Check:
    """The three clocks say the same: times of receipt come from the broker's, timers from the machine's."""

    async def look() -> Sequence[Finding]:
        connection = await connect()
        store_s = _apart(time.time(), await connection.fetchval(_NOW), time.time())
        began = time.time()
        broker_at = await _broker_time(settings)
        apart = {"PostgreSQL": store_s}
        if broker_at is not None:
            apart["the broker"] = _apart(began, broker_at, time.time())
        return [clock_finding(who, seconds) for who, seconds in apart.items() if abs(seconds) > MAX_APART_S]

    return Check("clocks", "clocks of this machine, PostgreSQL and the broker agree", look, ends_start=False)


def _apart(before: float, other: float, after: float) -> float:
    """By how many seconds the other clock is ahead, at the least that the two looks allow (pure)."""
    if other < before:
        return other - before
    return max(0.0, other - after)


def clock_finding(who: str, seconds: float) -> Finding:
    """In words (pure)."""
    way = "ahead of" if seconds > 0 else "behind"
    return Finding(
        f"the clock of {who} is {abs(seconds):.0f} s {way} this machine's",
        "let the same time service (chrony, systemd-timesyncd) set the clocks of all machines",
    )


async def _broker_time(settings: KafkaSettings) -> float | None:
    """When the broker appended a heartbeat; None where it does not stamp that topic."""
    async with kafka.producer(settings, "hub-clock") as producer:
        sent = await producer.send_and_wait(settings.prefix + HEARTBEAT_TOPIC, b"{}", key=b"clock")
    is_stamped = sent.timestamp_type == kafka.STAMPED_BY_BROKER
    return sent.timestamp / 1000 if is_stamped else None
