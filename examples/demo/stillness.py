"""When the hub has nothing left to do, and the move of its legal clock that follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.embedded.stack import StackAddress
from hub.postgres.database import Connection

_LIMIT_S = 60.0
_OPEN = """
select (select count(*) from segment) as unpublished,
       (select count(*) from blocked_message) as blocked,
       (select count(*) from delivery where state in ('pending', 'leased', 'unknown')) as undelivered,
       (select count(*) from delivery_report where state <> 'confirmed') as unreported,
       (select count(*) from timer where due_at <= $1) as timers
"""
_NEXT = "select topic, partition, next from intake_offset"
_STEP = "insert into clock_step (from_time, shift) values ($1, $2)"
_MOVED = "update configuration_version set version = version + 1 where kind = 'clock'"


class NoiseError(Exception):
    """The hub does not come to rest; says what it still has to do."""


class Stillness:
    """Looks at the hub from outside: its tables, and the ends of the topics it reads."""

    def __init__(
        self, address: StackAddress, database: Connection, participants: Sequence[str], partitions: int
    ) -> None:
        self._database = database
        self._partitions = partitions
        topics = [f"in.{name}" for name in (*participants, "hub")]
        self._places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=address.kafka_bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=address.kafka_admin_user,
            sasl_plain_password=address.kafka_admin_password,
        )
        self._shift = timedelta()

    async def open(self) -> None:
        """Connect. Nothing is assigned: the long polls of a reader would hold up each question for ends."""
        await self._consumer.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    @property
    def shift_s(self) -> float:
        """Seconds between the machine's clock and the legal one."""
        return self._shift.total_seconds()

    def legal_now(self) -> datetime:
        """The hub's legal time."""
        return datetime.now(UTC) + self._shift

    async def reached(self) -> None:
        """Wait until the hub has done everything that it was given and that is due."""
        end = time.monotonic() + _LIMIT_S
        while left := await self.left():
            if time.monotonic() > end:
                raise NoiseError(f"the hub does not come to rest: {left}")
            await asyncio.sleep(0.03)

    async def heard(self, journals: Mapping[str, Path]) -> None:
        """Wait until each client has journaled everything on its topic."""
        end = time.monotonic() + _LIMIT_S
        for name, journal in journals.items():
            places = [TopicPartition(f"out.{name}", number) for number in range(self._partitions)]
            while True:
                there = sum((await self._consumer.end_offsets(places)).values())
                here = journal.read_bytes().count(b'{"received": ')
                if here >= there:
                    break
                if time.monotonic() > end:
                    raise NoiseError(f"{name} has read {here} of {there} messages")
                await asyncio.sleep(0.05)

    async def left(self) -> str:
        """What is still to be done, in words; empty when nothing is."""
        row = await self._database.fetchrow(_OPEN, self.legal_now())
        assert row is not None
        found = [f"{count} {name}" for name, count in row.items() if count]
        if not found and (behind := await self._behind()):  # the dearer question, when all else is done
            found = [f"{behind} unread"]
        return ", ".join(found)

    async def _behind(self) -> int:
        ends = await self._consumer.end_offsets(self._places)
        rows = await self._database.fetch(_NEXT)
        done = {(row["topic"], row["partition"]): row["next"] for row in rows}
        return sum(max(0, end - done.get((place.topic, place.partition), 0)) for place, end in ends.items())

    async def move_clock(self, to: datetime, clock_file: Path) -> None:
        """Make it `to`, for the hub by a recorded step and for the participants by their clock file."""
        now = datetime.now(UTC)
        self._shift = to - now
        async with self._database.transaction():
            await self._database.execute(_STEP, now, self._shift)
            await self._database.execute(_MOVED)
        fresh = clock_file.with_suffix(".new")
        fresh.write_text(str(self._shift.total_seconds()))
        fresh.replace(clock_file)
