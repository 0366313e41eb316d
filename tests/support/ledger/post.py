"""Ledger: a client's sending side: one queue a subject, each request sent again until the broker has it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.ledger.evidence import Copy
from tests.support.ledger.journal import Journal
from tests.support.ledger.mailbox import Letter, result_line

_FAILURES_BEFORE_NEW_PRODUCER = 3


@dataclass(frozen=True, slots=True)
class Posting:
    """A letter to be sent once more; `is_stray` copies go to any partition, as a careless client's would."""

    letter: Letter
    is_stray: bool = False


class Post:
    """Sends with acks=all; within a subject one letter after the other, so that order can be checked."""

    def __init__(self, settings: dict[str, Any], name: str, topic: str, journal: Journal, seed: int) -> None:
        self._settings = settings
        self._name = name
        self._topic = topic
        self._journal = journal
        self._chance = random.Random(f"{seed}:{name}:post")  # noqa: S311  a seeded simulation
        self._queues: dict[str, deque[Posting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewing = asyncio.Lock()
        self._failures = 0
        self.sent = 0

    async def open(self) -> None:
        """Connect, however long the broker is away."""
        while True:
            self._producer = AIOKafkaProducer(
                **self._settings, acks="all", enable_idempotence=True, request_timeout_ms=8000, linger_ms=2
            )
            try:
                await self._producer.start()
            except KafkaError:
                with contextlib.suppress(Exception):
                    await self._producer.stop()
                await asyncio.sleep(0.3)
            else:
                return

    async def close(self) -> None:
        """Drop what is queued and disconnect."""
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(self._producer.stop(), 5)

    @property
    def queued(self) -> int:
        """Subjects with letters that are not at the broker yet, and copies that are sent later."""
        return len(self._tasks)

    def put(self, posting: Posting) -> None:
        """Queue behind what the subject has already."""
        subject = posting.letter.subject
        if subject in self._queues:
            self._queues[subject].append(posting)
            return
        self._queues[subject] = deque([posting])
        self._keep(self._empty(subject))

    def put_later(self, posting: Posting, delay_s: float) -> None:
        """Queue after a while."""

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            self.put(posting)

        self._keep(wait())

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _empty(self, subject: str) -> None:
        queue = self._queues[subject]
        while queue:
            await self._send(queue[0])
            queue.popleft()
        del self._queues[subject]

    async def _send(self, posting: Posting) -> None:
        letter = posting.letter
        while True:
            producer = self._producer
            try:
                place = await self._publish(producer, posting)
            except (KafkaError, TimeoutError):
                self._journal.write([result_line(letter, Copy("unknown"))], is_synced=False)
                await self._renew(producer)
            else:
                self._failures = 0
                self.sent += 1
                self._journal.write([result_line(letter, Copy("ok", *place))], is_synced=False)
                return

    async def _publish(self, producer: AIOKafkaProducer, posting: Posting) -> tuple[int, int]:
        letter = posting.letter
        headers = {
            "ce_specversion": "1.0", "ce_id": letter.id, "ce_source": f"/participants/{self._name}",
            "ce_type": letter.type, "ce_time": datetime.now(UTC).isoformat(), "ce_subject": letter.subject,
            "content-type": "application/json",
        }  # fmt: skip
        partition = None
        if posting.is_stray:
            partition = self._chance.choice(sorted(await producer.partitions_for(self._topic)))
        sent = await producer.send_and_wait(
            self._topic, value=letter.value, key=letter.subject.encode(), partition=partition,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )  # fmt: skip
        return sent.partition, sent.offset

    async def _renew(self, broken: AIOKafkaProducer) -> None:
        """After some failures in a row take a fresh producer: an idempotent one can be beyond repair."""
        await asyncio.sleep(0.2)
        async with self._renewing:
            if broken is not self._producer:
                return
            self._failures += 1
            if self._failures >= _FAILURES_BEFORE_NEW_PRODUCER:
                self._failures = 0
                with contextlib.suppress(KafkaError, TimeoutError):
                    await asyncio.wait_for(broken.stop(), 5)
                await self.open()
