"""The one holder of a Kafka producer: knows which lanes it can write, renews it, and tells what fails."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.backoff import doubled_s
from hub.kafka.client import AIOKafkaProducer, KafkaError
from hub.kafka.errors import KafkaAwayError, TopicUnwritableError
from hub.kafka.metrics import ProducerMetrics
from hub.kafka.verdicts import Verdict, verdict
from hub.logs import log

_START_S = 10.0
_STOP_S = 3.0
_ANSWER_WAIT_S = 5.0
_AFTER_FAILED_START_S = 0.5
_DOUBT_S = 10.0
_STUCK_S = 60.0
_SILENT_S = {Verdict.REFUSED: 300.0, Verdict.WAIT: 30.0, Verdict.RENEW: 30.0}
"""A lane that nobody has tried for so long may well work again."""
_FIRST_BRAKE_S, _LONGEST_BRAKE_S = 0.5, 5.0

MakeProducer = Callable[[], AIOKafkaProducer]


class OutgoingRecord(NamedTuple):
    """What is written; without a partition its key chooses one."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


@dataclass(slots=True)
class Failing:
    """A lane whose last write failed: since when, why, when it was tried last; times are monotonic."""

    lane: str
    since: float
    reason: str
    verdict: Verdict
    tried: float
    tries: int = 1

    def seconds(self) -> float:
        """For how long; 0 once nobody has tried for a while, since nothing is known then."""
        now = time.monotonic()
        return 0.0 if self.is_old(now) else now - self.since

    def is_old(self, now: float) -> bool:
        """Whether the last try says nothing any more."""
        return now - self.tried > _SILENT_S[self.verdict]

    def __str__(self) -> str:
        return f"{self.lane}: {self.reason} since {self.seconds():.0f} s"


@dataclass(slots=True)
class _Made:
    """One producer and the lanes that it cannot write any more."""

    producer: AIOKafkaProducer
    made: float = field(default_factory=time.monotonic)
    holes: set[str] = field(default_factory=set)
    is_proven: bool = True
    """Whether the brokers took what it wrote last; the start asks them for a producer id."""


class Producer:
    """Shared by tasks. A lane is what must stay in order and may fail alone: a topic, or a topic and a shard.

    A batch that failed for good leaves a hole in the sequence numbers of an idempotent producer (aiokafka
    0.14), and the broker refuses everything behind it in the same partition. So the next write to such a lane
    gets a new producer, which all others then use as well; what is under way on the old one ends there.
    """

    def __init__(self, make: MakeProducer, name: str, metrics: ProducerMetrics | None = None) -> None:
        self._make = make
        self._name = name
        self._metrics = metrics
        self._current: _Made | None = None
        self._failing: dict[str, Failing] = {}
        self._renewal: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start the first one; raises what aiokafka raises."""
        self._current = _Made(await _started(self._make))

    async def close(self) -> None:
        """Stop; what could not be sent within 3 s is given up."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])
        if self._current is not None:
            await stop_producer(self._current.producer)
            self._current = None
        if self._closing:
            await asyncio.wait(self._closing, timeout=_STOP_S)

    async def send(self, topic: str, records: Sequence[OutgoingRecord], limit_s: float) -> None:
        """Write in order per key, acknowledged by all replicas; the lane is the topic.

        KafkaError and TimeoutError: nobody knows. A write that met a used-up producer is tried once more on a
        new one within the limit, since the broker took nothing of it.
        """
        end = time.monotonic() + limit_s
        try:
            await self._send(topic, records, limit_s)
        except KafkaError as error:
            if verdict(error) is not Verdict.RENEW:
                raise
            await self._send(topic, records, end - time.monotonic())

    async def _send(self, topic: str, records: Sequence[OutgoingRecord], limit_s: float) -> None:
        async with self.lane(topic, limit_s) as producer:
            sent = [
                await producer.send(
                    topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
                for record in records
            ]
            await asyncio.gather(*sent)

    @contextlib.asynccontextmanager
    async def lane(self, lane: str, limit_s: float | None = None) -> AsyncIterator[AIOKafkaProducer]:
        """A producer that can write this lane, for the block; what is raised in it is judged.

        After `limit_s` the block ends with TimeoutError. A lane that the brokers refused is closed for up
        to 5 s: `TopicUnwritableError` without a try.
        """
        self._check_brake(lane)
        made: _Made | None = None
        try:
            async with asyncio.timeout(limit_s):
                made = await self._usable(lane)
                yield made.producer
        except (KafkaError, TimeoutError) as error:
            if made is None or made is self._current:
                self._failed(lane, error)
            if made is not None and self._is_used_up(lane, error):
                made.holes.add(lane)
            raise
        made.is_proven = True
        self._works(lane)

    @contextlib.asynccontextmanager
    async def another(self) -> AsyncIterator[AIOKafkaProducer]:
        """A producer for tries that may use it up: stopped at the end of the block."""
        producer = await _started(self._make)
        try:
            yield producer
        finally:
            await stop_producer(producer)

    @contextlib.contextmanager
    def judged(self, lane: str) -> Iterator[None]:
        """Note what becomes of a write to this lane in the block."""
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            self._failed(lane, error)
            raise
        self._works(lane)

    @property
    def failing(self) -> list[Failing]:
        """The lanes that cannot be written now, as far as somebody tried of late."""
        return [state for state in self._failing.values() if state.seconds()]

    def stuck(self) -> Failing | None:
        """A lane that has failed for a minute on a producer that could not be renewed; a restart may help.

        Not one that the brokers refuse, nor one that failed on a new producer too.
        """
        made = self._current.made if self._current is not None else 0.0
        for state in self.failing:
            is_untried = state.verdict is not Verdict.REFUSED and state.since > made
            if is_untried and state.seconds() > _STUCK_S > time.monotonic() - state.tried:
                return state
        return None

    async def do_brokers_answer(self, limit_s: float = _ANSWER_WAIT_S) -> bool:
        """Ask a broker for its metadata."""
        return self._current is not None and await do_brokers_answer(self._current.producer, limit_s)

    async def trouble(self, limit_s: float = _ANSWER_WAIT_S) -> str | None:
        """Why the next write would fail, whatever the lane (here a topic); None: the brokers take it.

        A broker that answers again proves nothing for a producer that has waited for it: its lanes wait for
        connections and for batches of before. So it is renewed first, and the topics must have their leaders;
        one that has none fails on, as long as others have theirs.
        """
        try:
            async with asyncio.timeout(limit_s):
                if self._current is None or not self._current.is_proven:
                    await self._renewed()
                assert self._current is not None
                cluster = await self._current.producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError) as error:
            if self._current is not None:
                self._current.is_proven = False
            return type(error).__name__
        led = {topic for topic in cluster.topics() if _is_led(cluster, topic)}
        for state in list(self._failing.values()):
            is_of_before = state.verdict is not Verdict.REFUSED and state.tried < self._current.made
            if is_of_before and state.lane in led:
                self._works(state.lane)
        return None if led or not self._failing else "no leader"

    def _check_brake(self, lane: str) -> None:
        state = self._failing.get(lane)
        if state is not None and state.verdict is Verdict.REFUSED:
            if time.monotonic() - state.tried < doubled_s(_FIRST_BRAKE_S, _LONGEST_BRAKE_S, state.tries):
                raise TopicUnwritableError(state.reason)
            state.tries += 1

    def _is_used_up(self, lane: str, error: BaseException) -> bool:
        """Whether this lane needs another producer: after a while also when nothing was answered in time."""
        state = self._failing.get(lane)
        is_slow = isinstance(error, TimeoutError)
        return not is_slow or (state is not None and time.monotonic() - state.since > _DOUBT_S)

    def _works(self, lane: str) -> None:
        if self._failing.pop(lane, None) is not None:
            log("lane_works_again", client=self._name, lane=lane)
            if self._metrics is not None:
                self._metrics.works(self._name, lane)

    def _failed(self, lane: str, error: BaseException) -> None:
        why = verdict(error)
        if why is Verdict.MESSAGE:
            return
        if why is not Verdict.REFUSED and self._current is not None:
            self._current.is_proven = False
        now, reason = time.monotonic(), type(error).__name__
        state = self._failing.get(lane)
        if state is None:
            state = self._failing[lane] = Failing(lane, now, reason, why, now)
            log("lane_fails", client=self._name, lane=lane, reason=reason)
            if self._metrics is not None:
                self._metrics.fails(self._name, lane, state.seconds)
        elif state.is_old(now):
            state.since = now
        if not isinstance(error, TopicUnwritableError) or not error.args:
            state.reason = reason
        state.verdict, state.tried = why, now

    async def _usable(self, lane: str) -> _Made:
        if self._current is None or lane in self._current.holes:
            await self._renewed()
        assert self._current is not None
        return self._current

    async def _renewed(self) -> None:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(), name=f"renew-{self._name}")
            self._renewal.add_done_callback(_retrieve)
        await asyncio.shield(self._renewal)

    async def _renew(self) -> None:
        try:
            producer = await _started(self._make)
        except (KafkaError, TimeoutError) as error:
            await asyncio.sleep(_AFTER_FAILED_START_S)
            if verdict(error) is Verdict.WAIT:
                raise KafkaAwayError(type(error).__name__) from None
            raise  # whoever may write no topic at all gets no producer either
        old, self._current = self._current, _Made(producer)
        log("producer_renewed", client=self._name)
        if self._metrics is not None:
            self._metrics.renewed(self._name)
        if old is not None:
            closing = asyncio.create_task(stop_producer(old.producer))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def _is_led(cluster: Any, topic: str) -> bool:
    """Whether each partition has a leader, as the brokers tell it."""
    numbers = cluster.partitions_for_topic(topic)
    return bool(numbers) and cluster.available_partitions_for_topic(topic) == numbers


async def do_brokers_answer(producer: AIOKafkaProducer, limit_s: float = _ANSWER_WAIT_S) -> bool:
    """Ask a broker for its metadata."""
    try:
        async with asyncio.timeout(limit_s):
            await producer.client.fetch_all_metadata()
    except (KafkaError, TimeoutError):
        return False
    return True


async def _started(make: MakeProducer) -> AIOKafkaProducer:
    producer = make()
    try:
        async with asyncio.timeout(_START_S):
            await producer.start()
    except BaseException:
        await stop_producer(producer)
        raise
    return producer


async def stop_producer(producer: AIOKafkaProducer) -> None:
    """Stop within 3 s; batches for a topic that is gone would hold a polite stop up for ever."""
    try:
        await asyncio.wait_for(producer.stop(), _STOP_S)
    except (TimeoutError, KafkaError):
        sender = producer._sender  # noqa: SLF001  the only way to end a sender that waits for a lost topic
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(sender.close(), _STOP_S)
        _give_up_batches(producer)
        await producer.client.close()


def _give_up_batches(producer: AIOKafkaProducer) -> None:
    """Let nobody wait for what will never be sent (aiokafka 0.14 leaves it open)."""
    waiting = producer._message_accumulator  # noqa: SLF001
    queued = (batch for batches in waiting._batches.values() for batch in batches)  # noqa: SLF001
    for batch in {*waiting._pending_batches, *queued}:  # noqa: SLF001
        batch.failure(KafkaAwayError("given up"))
        for future in (batch.future, batch._drain_waiter):  # noqa: SLF001
            future.exception()


def _retrieve(task: asyncio.Task[None]) -> None:
    """The error of a renewal that nobody waits for any more is known by the next try."""
    if not task.cancelled():
        task.exception()
