"""Messages to Kafka, shard by shard in order; a topic that cannot be written holds up only itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

import asyncpg

from hub.backoff import doubled_s
from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.facts.message import Message, decode_message
from hub.facts.untrusted import OnUntrusted
from hub.kafka.client import AIOKafkaProducer, KafkaError, UnknownTopicOrPartitionError
from hub.kafka.errors import KafkaAwayError, TopicUnwritableError
from hub.kafka.producer import Producer, do_brokers_answer
from hub.kafka.verdicts import Verdict, verdict
from hub.logs import log
from hub.postgres.database import Session
from hub.postgres.numbers import next_free
from hub.process.supervise import Backoff, is_of_one

_TOPIC_WAIT_S = 3.0
_ANSWER_WAIT_S = 5.0
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 10.0
_BLOCKED_PAGE = 500
_BLOCKED = "select distinct topic, shard from blocked_message where shard = any($1)"
_PAGE = """
select id, payload, mac from blocked_message
where topic = $1 and shard = $2 and id <> all($4::bigint[]) order by id limit $3
"""
_SET_ASIDE = """
insert into blocked_message (topic, shard, payload, mac)
select $1, $2, w.payload, w.mac from unnest($3::bytea[], $4::bytea[]) w(payload, mac)
"""

Lane = tuple[str, int]
"""A topic and a shard: what must stay in order."""


class Publisher:
    """Sends with acks=all and waits; the order of a lane is kept through blocking and unblocking.

    A lane that cannot be written is set aside: its messages wait in `blocked_message`, one behind the other,
    until `retry` has brought all of them out. `retry` may run beside everything else, with its own session.
    A row of it that the hub has not written stays where it is; `on_untrusted` gets its name.
    """

    def __init__(
        self, producer: Producer, session: Session, retry_session: Session, prefix: str,
        key: StoreKey, on_untrusted: OnUntrusted,
    ) -> None:  # fmt: skip
        self._producer = producer
        self._session = session
        self._retry_session = retry_session
        self._prefix = prefix
        self._key = key
        self._on_untrusted = on_untrusted
        self._blocked: dict[Lane, float] = {}
        self._tries: dict[Lane, int] = {}
        self._lock = asyncio.Lock()
        self._retrying: Lane | None = None

    def blocked_topics(self, shards: Collection[int]) -> frozenset[str]:
        """Topics of these shards that could not be written."""
        return frozenset(topic for topic, shard in self._blocked if shard in shards)

    def is_busy(self, shard: int) -> bool:
        """Whether a retry of this shard is under way."""
        return self._retrying is not None and self._retrying[1] == shard

    async def load_blocked(self, shards: Collection[int]) -> None:
        """These shards are ours from now on: learn which of their lanes others have set aside."""
        for row in await self._session.fetch(_BLOCKED, list(shards)):
            self._blocked.setdefault((row["topic"], row["shard"]), 0.0)

    async def publish(self, rounds: Mapping[int, Sequence[Message]]) -> None:
        """Publish the messages of each shard in order; returns when all are acknowledged or set aside."""
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
        try:
            async with self._producer.another() as producer:
                for self._retrying in due:
                    await self._retry_lane(producer, self._retrying)
        finally:
            self._retrying = None

    async def _retry_lane(self, producer: AIOKafkaProducer, lane: Lane) -> None:
        left: list[int] = []
        while True:
            async with self._lock:
                rows = await self._retry_session.fetch(_PAGE, *lane, _BLOCKED_PAGE, left)
                if not rows:
                    del self._blocked[lane]
                    self._tries.pop(lane, None)
                    log("topic_unblocked", topic=lane[0], shard=lane[1])
                    return
            messages = self._genuine(lane, rows)
            left += [row["id"] for row in rows if row["id"] not in messages]
            if not messages:
                continue
            try:
                with self._producer.judged(_name(lane)):
                    await self._send(producer, lane, list(messages.values()))
            except Exception as error:
                if not isinstance(error, KafkaError) and not is_of_one(error):
                    raise
                self._tries[lane] = self._tries.get(lane, 0) + 1
                delay_s = doubled_s(_FIRST_RETRY_S, _LONGEST_RETRY_S, self._tries[lane])
                self._blocked[lane] = time.monotonic() + delay_s
                reason = type(error).__name__
                log("topic_still_blocked", topic=lane[0], shard=lane[1], next_try_s=delay_s, reason=reason)
                return
            await self._retry_session.execute(
                "delete from blocked_message where id = any($1)", list(messages)
            )

    def _genuine(self, lane: Lane, rows: Iterable[asyncpg.Record]) -> dict[int, Message]:
        found = {}
        for row in rows:
            name = f"blocked_message {row['id']}"
            if self._key.blocked(*lane, row["payload"]) != row["mac"]:
                self._on_untrusted(AlteredRowError(name))
                continue
            try:
                found[row["id"]] = decode_message(row["payload"])
            except UntrustedRowError as error:
                self._on_untrusted(UntrustedRowError(name, error.why))
            except Exception as error:  # noqa: BLE001  one row never holds the rows behind it up
                why = f"no message is made of it: {type(error).__name__}"
                self._on_untrusted(UntrustedRowError(name, why))
        return found

    async def _publish_lane(self, lane: Lane, messages: Sequence[Message]) -> None:
        if lane in self._blocked and await self._set_aside_behind(lane, messages):
            return
        backoff = Backoff()
        while True:
            try:
                async with self._producer.lane(_name(lane)) as producer:
                    await self._send(producer, lane, messages)
            except TopicUnwritableError as error:
                await self._block(lane, messages, str(error))
                return
            except KafkaError as error:
                log("publish_retry", topic=lane[0], shard=lane[1], reason=type(error).__name__)
                await backoff.wait()
            except Exception as error:
                if not is_of_one(error):
                    raise
                await self._block(lane, messages, type(error).__name__)
                return
            else:
                return

    async def _block(self, lane: Lane, messages: Sequence[Message], reason: str) -> None:
        """Set a lane aside; the others go out."""
        async with self._lock:
            await self._set_aside(lane, messages)
            self._blocked[lane] = time.monotonic() + _FIRST_RETRY_S
        log("topic_blocked", topic=lane[0], shard=lane[1], reason=reason)

    async def _send(self, producer: AIOKafkaProducer, lane: Lane, messages: Sequence[Message]) -> None:
        """Send and wait until all is acknowledged.

        `TopicUnwritableError` when the brokers answer and refuse; any other KafkaError: the same again.
        """
        topic, shard = self._prefix + lane[0], lane[1]
        try:
            partitions = await _partitions(producer, topic)
            partition = sorted(partitions)[shard % len(partitions)]
            await _acknowledged(producer, await _enqueue(producer, topic, partition, messages))
        except KafkaError as error:
            if verdict(error) in (Verdict.WAIT, Verdict.RENEW) or isinstance(error, TopicUnwritableError):
                raise
            if not await do_brokers_answer(producer):
                raise KafkaAwayError(topic) from None
            raise TopicUnwritableError(type(error).__name__) from None

    async def _set_aside_behind(self, lane: Lane, messages: Sequence[Message]) -> bool:
        """Queue behind what was set aside, unless a retry has brought all of it out meanwhile."""
        async with self._lock:
            if lane not in self._blocked:
                return False
            await self._set_aside(lane, messages)
        return True

    async def _set_aside(self, lane: Lane, messages: Sequence[Message]) -> None:
        payloads = [message.encode() for message in messages]
        checks = [self._key.blocked(*lane, payload) for payload in payloads]
        await next_free(lambda: self._session.execute(_SET_ASIDE, *lane, payloads, checks))


def _name(lane: Lane) -> str:
    return f"{lane[0]}/{lane[1]}"


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
        answers = answers + 1 if await do_brokers_answer(producer) else 0
        if answers >= 2:
            raise TopicUnwritableError("no_answer")


async def _partitions(producer: AIOKafkaProducer, topic: str) -> set[int]:
    try:
        partitions: set[int] = await asyncio.wait_for(producer.partitions_for(topic), _TOPIC_WAIT_S)
    except TimeoutError:
        raise UnknownTopicOrPartitionError(topic) from None
    return partitions
