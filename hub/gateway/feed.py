"""The messages of `out.` topics for those who ask: one look at the ends for all, few consumers that read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from hub.gateway.cursor import Offsets
from hub.gateway.problems import ProblemError
from hub.gateway.readers import Readers
from hub.kafka.client import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from hub.kafka.errors import UnreadableLogError
from hub.kafka.reading import NewConsumer, first_readable, is_fetcher_dead, is_unparsable

_LOOK_S = 0.05
_ENDS_S = 2.0
_ASK_S = 5.0
_PIECE_MS = 500
_READ_S = 5.0
_READERS = 4


@dataclass(frozen=True, slots=True)
class UnreadableRange:
    """Instead of records: up to this offset nothing can be read, or there are only marks of transactions."""

    partition: int
    offset: int


Read: TypeAlias = ConsumerRecord | UnreadableRange


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
        self._readers = Readers(new_consumer, _READERS)
        self._looks: list[_Look] = []
        self._wanted = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._watcher = self._new_consumer()
        await self._watcher.start()
        self._stack.push_async_callback(self._watcher.stop)
        await self._stack.enter_async_context(self._readers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

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

    async def ends(self, topic: str, partitions: int) -> dict[int, int]:
        """The offset behind the last message of each partition."""
        wanted = [TopicPartition(topic, number) for number in range(partitions)]
        async with asyncio.timeout(_ASK_S):
            found = await self._watcher.end_offsets(wanted)
        return {tp.partition: offset for tp, offset in found.items()}

    async def read(
        self, topic: str, offsets: Offsets, *, limit: int, max_bytes: int, wait_s: float
    ) -> list[Read]:
        """Messages from these offsets on, in order per partition; empty when none came within `wait_s`.

        Raises ProblemError when the log does not have them (any more). Bytes that the client cannot read
        hold up nothing: `UnreadableRange` says how far they go.
        """
        ends = await self._ends(topic, dict(offsets), wait_s)
        _must_reach(ends, offsets)
        behind = {number: offset for number, offset in offsets.items() if ends.get(number, 0) > offset}
        if not behind:
            return []
        await self._must_be_kept(topic, behind)
        try:
            async with self._readers.lend() as reader:
                found = await _fetch(reader, topic, behind, limit)
        except UnreadableLogError:
            found = await self._read_carefully(topic, behind, ends)
        return _within(found, max_bytes)

    async def check_kept(self, topic: str, offsets: Offsets) -> None:
        """Raises ProblemError when the log does not have what follows one of these offsets (any more)."""
        _must_reach(await self.ends(topic, max(offsets, default=0) + 1), offsets)
        await self._must_be_kept(topic, offsets)

    async def _must_be_kept(self, topic: str, offsets: Offsets) -> None:
        starts = await self.starts(topic, max(offsets, default=0) + 1)
        if any(starts.get(number, 0) > offset for number, offset in offsets.items()):
            raise ProblemError("feed.expired", ("cursor",))

    async def _read_carefully(self, topic: str, behind: Offsets, ends: Offsets) -> list[Read]:
        """One record of each partition, or how far its damage goes; with clients of its own."""
        found: list[Read] = []
        for number, offset in behind.items():
            tp = TopicPartition(topic, number)
            readable = await first_readable(self._new_consumer, tp, offset, ends[number])
            if readable > offset:
                found.append(UnreadableRange(number, readable - 1))
            else:
                async with self._readers.lend() as reader:
                    found += await _fetch(reader, topic, {number: offset}, 1)
        return found

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
        except Exception:  # noqa: BLE001  whoever made the client fail is told so, and the others are not
            # aiokafka 0.14 asks without end for a topic that it may not see: its own reader's trouble.
            await asyncio.gather(*(self._look_alone(look) for look in looks))
        await asyncio.sleep(_LOOK_S)

    async def _look_alone(self, look: _Look) -> None:
        try:
            await self._look_for([look])
        except Exception as error:  # noqa: BLE001  as above
            if not look.found.done():
                look.found.set_exception(error)

    async def _look_for(self, looks: list[_Look]) -> None:
        wanted = {TopicPartition(look.topic, number) for look in looks for number in look.offsets}
        async with asyncio.timeout(_ENDS_S):
            ends = await self._watcher.end_offsets(list(wanted))
        now = time.monotonic()
        for look in looks:
            places = {number: TopicPartition(look.topic, number) for number in look.offsets}
            mine = {number: ends[place] for number, place in places.items() if place in ends}
            has_news = any(end != look.offsets[number] for number, end in mine.items())
            if (has_news or now >= look.until) and not look.found.done():
                look.found.set_result(mine)


def _must_reach(ends: Offsets, offsets: Offsets) -> None:
    """A log that ends before a place where somebody has been is another one: its topic was made again."""
    if any(ends.get(number, offset) < offset for number, offset in offsets.items()):
        raise ProblemError("feed.expired", ("cursor",))


async def _fetch(consumer: AIOKafkaConsumer, topic: str, behind: Offsets, limit: int) -> list[Read]:
    partitions = [TopicPartition(topic, number) for number in behind]
    consumer.assign(partitions)
    for tp in partitions:
        consumer.seek(tp, behind[tp.partition])
    end = time.monotonic() + _READ_S
    while time.monotonic() < end:
        records = await _records(consumer, partitions, limit)
        passed = [] if records else [(tp, await consumer.position(tp)) for tp in partitions]
        passed = [(tp, here) for tp, here in passed if here > behind[tp.partition]]
        if records or passed:
            return records or [UnreadableRange(tp.partition, here - 1) for tp, here in passed]
    return []


async def _records(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], limit: int
) -> list[ConsumerRecord]:
    try:
        found = await consumer.getmany(*partitions, timeout_ms=_PIECE_MS, max_records=limit)
    except Exception as error:
        if not is_unparsable(error):
            raise
        raise UnreadableLogError from error
    if not found and is_fetcher_dead(consumer):
        raise UnreadableLogError
    return [record for _, some in sorted(found.items()) for record in some]


def _within(found: list[Read], max_bytes: int) -> list[Read]:
    """The first of them, at least one, up to so many bytes."""
    total = 0
    kept: list[Read] = []
    for item in found:
        total += len(item.value or b"") if isinstance(item, ConsumerRecord) else 0
        if kept and total > max_bytes:
            break
        kept.append(item)
    return kept
