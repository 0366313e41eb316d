"""Messages to Kafka, shard by shard in order; a topic that cannot be written holds up only itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

from hub.kafka import AIOKafkaProducer, KafkaError, UnknownTopicOrPartitionError
from hub.logs import log
from hub.message import Message, decode_message
from hub.steady import Backoff
from hub.store.database import Session

_TOPIC_WAIT_S = 3.0
_ANSWER_WAIT_S = 5.0
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_BLOCKED_PAGE = 500
_BLOCKED = "select distinct topic, shard from blocked_message where shard = any($1)"
_PAGE = "select id, payload from blocked_message where topic = $1 and shard = $2 order by id limit $3"

Lane = tuple[str, int]
"""A topic and a shard: what must stay in order."""
StartProducer = Callable[[], Awaitable[AIOKafkaProducer]]


class UnwritableError(Exception):
    """The brokers answer, but this topic cannot be written now."""


class KafkaAwayError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """No broker answers."""

    retriable = True


class Publisher:
    """Sends with acks=all and waits; the order of a lane is kept through blocking and unblocking.

    A lane that cannot be written is set aside: its messages wait in `blocked_message`, one behind the other,
    until `retry` has brought all of them out. `retry` may run beside everything else, with its own session.
    """

    def __init__(self, start: StartProducer, session: Session, retry_session: Session, prefix: str) -> None:
        self._start = start
        self._session = session
        self._retry_session = retry_session
        self._prefix = prefix
        self._producer: AIOKafkaProducer | None = None
        self._is_broken = False
        self._blocked: dict[Lane, float] = {}
        self._delay_s: dict[Lane, float] = {}
        self._lock = asyncio.Lock()
        self._retrying: Lane | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start the producer; raises what aiokafka raises."""
        self._producer = await self._start()

    async def close(self) -> None:
        """Stop the producer; what it could not send within 3 s stays in the outbox."""
        if self._producer is not None:
            await _stop(self._producer)
        if self._closing:
            await asyncio.wait(self._closing, timeout=3)

    @property
    def blocked_topics(self) -> frozenset[str]:
        """Topics that could not be written."""
        return frozenset(topic for topic, _ in self._blocked)

    def is_busy(self, shard: int) -> bool:
        """Whether a retry of this shard is under way."""
        return self._retrying is not None and self._retrying[1] == shard

    async def load_blocked(self, shards: Collection[int]) -> None:
        """These shards are ours from now on: learn which of their lanes others have set aside."""
        for row in await self._session.fetch(_BLOCKED, list(shards)):
            self._blocked.setdefault((row["topic"], row["shard"]), 0.0)

    async def publish(self, rounds: Mapping[int, Sequence[Message]]) -> None:
        """Publish the messages of each shard in order; returns when all are acknowledged or set aside."""
        await self._renew_if_broken()
        lanes: dict[Lane, list[Message]] = {}
        for shard, messages in rounds.items():
            for message in messages:
                lanes.setdefault((message.topic, shard), []).append(message)
        outcomes = await asyncio.gather(
            *(self._publish_lane(lane, messages) for lane, messages in lanes.items()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def retry(self, owned: Iterable[int]) -> None:
        """Try the lanes of these shards that were set aside and whose time has come."""
        now, shards = time.monotonic(), set(owned)
        due = sorted(lane for lane, at in self._blocked.items() if at <= now and lane[1] in shards)
        if not due:
            return
        producer = await self._start()
        try:
            for self._retrying in due:
                await self._retry_lane(producer, self._retrying)
        finally:
            self._retrying = None
            await _stop(producer)

    async def _retry_lane(self, producer: AIOKafkaProducer, lane: Lane) -> None:
        while True:
            async with self._lock:
                rows = await self._retry_session.fetch(_PAGE, *lane, _BLOCKED_PAGE)
                if not rows:
                    del self._blocked[lane]
                    self._delay_s.pop(lane, None)
                    log("topic_unblocked", topic=lane[0], shard=lane[1])
                    return
            try:
                await self._send(producer, lane, [decode_message(row["payload"]) for row in rows])
            except (UnwritableError, KafkaError):
                delay_s = self._delay_s.get(lane, _FIRST_RETRY_S)
                self._delay_s[lane] = min(delay_s * 2, _LONGEST_RETRY_S)
                self._blocked[lane] = time.monotonic() + delay_s
                log("topic_still_blocked", topic=lane[0], shard=lane[1], next_try_s=delay_s)
                return
            await self._retry_session.execute(
                "delete from blocked_message where id = any($1)", [row["id"] for row in rows]
            )

    async def _publish_lane(self, lane: Lane, messages: Sequence[Message]) -> None:
        if lane in self._blocked and await self._set_aside_behind(lane, messages):
            return
        backoff = Backoff()
        while True:
            assert self._producer is not None
            try:
                await self._send(self._producer, lane, messages)
            except UnwritableError as error:
                self._is_broken = True
                async with self._lock:
                    await self._set_aside(lane, messages)
                    self._blocked[lane] = time.monotonic() + _FIRST_RETRY_S
                log("topic_blocked", topic=lane[0], shard=lane[1], reason=str(error))
                return
            except KafkaError as error:
                log("publish_retry", topic=lane[0], shard=lane[1], reason=type(error).__name__)
                await backoff.wait()
            else:
                return

    async def _send(self, producer: AIOKafkaProducer, lane: Lane, messages: Sequence[Message]) -> None:
        """Send and wait until all is acknowledged; a retriable `KafkaError` when no broker answers."""
        topic, shard = self._prefix + lane[0], lane[1]
        try:
            partitions = await _partitions(producer, topic)
            partition = sorted(partitions)[shard % len(partitions)]
            await _acknowledged(producer, await _enqueue(producer, topic, partition, messages))
        except KafkaError as error:
            if error.retriable and not isinstance(error, UnknownTopicOrPartitionError):
                raise
            if not await _do_brokers_answer(producer):
                raise KafkaAwayError(topic) from None
            raise UnwritableError(type(error).__name__) from None

    async def _set_aside_behind(self, lane: Lane, messages: Sequence[Message]) -> bool:
        """Queue behind what was set aside, unless a retry has brought all of it out meanwhile."""
        async with self._lock:
            if lane not in self._blocked:
                return False
            await self._set_aside(lane, messages)
        return True

    async def _set_aside(self, lane: Lane, messages: Sequence[Message]) -> None:
        await self._session.execute(
            "insert into blocked_message (topic, shard, payload) select $1, $2, unnest($3::bytea[])",
            *lane,
            [message.encode() for message in messages],
        )

    async def _renew_if_broken(self) -> None:
        """Replace the producer after a batch that failed for good.

        Such a batch leaves a hole in the sequence numbers of an idempotent producer (aiokafka 0.14), and the
        broker refuses everything behind the hole.
        """
        if not self._is_broken:
            return
        old, self._producer = self._producer, await self._start()
        self._is_broken = False
        closing = asyncio.create_task(_stop(old))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _enqueue(
    producer: AIOKafkaProducer, topic: str, partition: int, messages: Sequence[Message]
) -> list[asyncio.Future[object]]:
    acknowledgements = []
    batch = producer.create_batch()
    for message in messages:
        key, headers = message.key.encode(), list(message.headers)
        if batch.append(key=key, value=message.value, timestamp=None, headers=headers) is None:
            batch.close()
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=message.value, timestamp=None, headers=headers)
    batch.close()
    acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    return acknowledgements


async def _acknowledged(producer: AIOKafkaProducer, acknowledgements: list[asyncio.Future[object]]) -> None:
    """Wait for as long as the brokers are away; not when they answer and only this topic does not move."""
    waiting = set(acknowledgements)
    answers = 0
    while True:
        done, waiting = await asyncio.wait(waiting, timeout=_ANSWER_WAIT_S)
        for future in done:
            future.result()
        if not waiting:
            return
        answers = answers + 1 if await _do_brokers_answer(producer) else 0
        if answers >= 2:
            raise UnwritableError("no_answer")


async def _do_brokers_answer(producer: AIOKafkaProducer) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_WAIT_S):
            await producer.client.fetch_all_metadata()
    except (KafkaError, TimeoutError):
        return False
    return True


async def _partitions(producer: AIOKafkaProducer, topic: str) -> set[int]:
    try:
        partitions: set[int] = await asyncio.wait_for(producer.partitions_for(topic), _TOPIC_WAIT_S)
    except TimeoutError:
        raise UnknownTopicOrPartitionError(topic) from None
    return partitions


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop within 3 s; batches for a topic that is gone would hold a polite stop up for ever."""
    try:
        await asyncio.wait_for(producer.stop(), 3)
    except (TimeoutError, KafkaError):
        sender = producer._sender  # noqa: SLF001  the only way to end a sender that waits for a lost topic
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(sender.close(), 3)
        await producer.client.close()
