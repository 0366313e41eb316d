"""The messages of `out.` topics for those who ask: one look at the ends for all, few consumers that read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hub.gateway.cursor import Offsets
from hub.gateway.problems import ProblemError
from hub.kafka import AIOKafkaConsumer, ConsumerRecord, KafkaError, TopicPartition

_LOOK_S = 0.05
_ENDS_S = 2.0
_ASK_S = 5.0
_PIECE_MS = 500
_READ_S = 5.0
_READERS = 4
NewConsumer = Callable[[], AIOKafkaConsumer]


@dataclass(slots=True)
class _Look:
    """Somebody who wants to know whether something lies behind its offsets."""

    topic: str
    offsets: dict[int, int]
    until: float
    found: asyncio.Future[dict[int, int]]


class Feed:
    """Reads topics at offsets that the readers bring along; keeps nothing, so any gateway can go on.

    Waiting costs no consumer: one task asks the broker for the ends of all topics that are waited for.
    """

    def __init__(self, new_consumer: NewConsumer) -> None:
        self._new_consumer = new_consumer
        self._stack = AsyncExitStack()
        self._idle: asyncio.LifoQueue[AIOKafkaConsumer] = asyncio.LifoQueue()
        self._looks: list[_Look] = []
        self._wanted = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._watcher = await self._start()
        for _ in range(_READERS):
            self._idle.put_nowait(await self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self) -> AIOKafkaConsumer:
        consumer = self._new_consumer()
        await consumer.start()
        self._stack.push_async_callback(consumer.stop)
        return consumer

    async def check(self) -> None:
        """Raises what the client raises when no broker answers."""
        async with asyncio.timeout(3):
            await self._watcher.topics()

    async def starts(self, topic: str, partitions: int) -> dict[int, int]:
        """The first offset of each partition that the broker still keeps."""
        wanted = [TopicPartition(topic, number) for number in range(partitions)]
        async with asyncio.timeout(_ASK_S):
            found = await self._watcher.beginning_offsets(wanted)
        return {tp.partition: offset for tp, offset in found.items()}

    async def read(
        self, topic: str, offsets: Offsets, *, limit: int, max_bytes: int, wait_s: float
    ) -> list[ConsumerRecord]:
        """Messages from these offsets on, in order per partition; empty when none came within `wait_s`.

        Raises ProblemError when they are no longer kept.
        """
        ends = await self._ends(topic, dict(offsets), wait_s)
        behind = {number: offset for number, offset in offsets.items() if ends.get(number, 0) > offset}
        if not behind:
            return []
        starts = await self.starts(topic, max(offsets) + 1)
        if any(starts.get(number, 0) > offset for number, offset in behind.items()):
            raise ProblemError("feed.expired", ("cursor",))
        consumer = await self._idle.get()
        try:
            records = await _fetch(consumer, topic, behind, limit)
        finally:
            consumer.unsubscribe()
            self._idle.put_nowait(consumer)
        return _within(records, max_bytes)

    async def _ends(self, topic: str, offsets: dict[int, int], wait_s: float) -> Mapping[int, int]:
        """The ends of the partitions, as soon as one lies behind its offset or the time is over."""
        found: asyncio.Future[dict[int, int]] = asyncio.get_running_loop().create_future()
        look = _Look(topic, offsets, time.monotonic() + wait_s, found)
        self._looks.append(look)
        self._wanted.set()
        try:
            async with asyncio.timeout(wait_s + _ASK_S):
                return await found
        finally:
            self._looks.remove(look)

    async def step(self) -> None:
        """One look of the side task for all who wait."""
        if not self._looks:
            self._wanted.clear()
            await self._wanted.wait()
        looks = list(self._looks)
        try:
            await self._look_for(looks)
        except (KafkaError, TimeoutError):
            # aiokafka 0.14 asks without end for a topic that it may not see: its own reader's trouble.
            await asyncio.gather(*(self._look_alone(look) for look in looks))
        await asyncio.sleep(_LOOK_S)

    async def _look_alone(self, look: _Look) -> None:
        try:
            await self._look_for([look])
        except (KafkaError, TimeoutError) as error:
            if not look.found.done():
                look.found.set_exception(error)

    async def _look_for(self, looks: list[_Look]) -> None:
        wanted = {TopicPartition(look.topic, number) for look in looks for number in look.offsets}
        async with asyncio.timeout(_ENDS_S):
            ends = await self._watcher.end_offsets(list(wanted))
        now = time.monotonic()
        for look in looks:
            mine = {number: ends.get(TopicPartition(look.topic, number), 0) for number in look.offsets}
            has_news = any(mine[number] > offset for number, offset in look.offsets.items())
            if (has_news or now >= look.until) and not look.found.done():
                look.found.set_result(mine)


async def _fetch(consumer: AIOKafkaConsumer, topic: str, behind: Offsets, limit: int) -> list[ConsumerRecord]:
    partitions = [TopicPartition(topic, number) for number in behind]
    consumer.assign(partitions)
    for tp in partitions:
        consumer.seek(tp, behind[tp.partition])
    end = time.monotonic() + _READ_S
    while time.monotonic() < end:
        found = await consumer.getmany(*partitions, timeout_ms=_PIECE_MS, max_records=limit)
        records = [record for _, some in sorted(found.items()) for record in some]
        if records:
            return records
    return []


def _within(records: list[ConsumerRecord], max_bytes: int) -> list[ConsumerRecord]:
    """The first records, at least one, up to so many bytes."""
    total = 0
    kept: list[ConsumerRecord] = []
    for record in records:
        total += len(record.value or b"")
        if kept and total > max_bytes:
            break
        kept.append(record)
    return kept
