"""Messages to Kafka, shard by shard in order; a topic that cannot be written holds up only itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from hub.kafka import (
    AIOKafkaProducer,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from hub.logs import log
from hub.message import Message, decode_message
from hub.store.database import Connection

_TOPIC_WAIT_S = 3.0
_RETRY_BLOCKED_S = 1.0
_BLOCKED_PAGE = 500
_UNWRITABLE = (TopicAuthorizationFailedError, UnknownTopicOrPartitionError)

Lane = tuple[str, int]
"""A topic and a shard: what must stay in order."""


class Publisher:
    """Sends with acks=all and waits; the order of a lane is kept through blocking and unblocking."""

    def __init__(self, producer: AIOKafkaProducer, connection: Connection, prefix: str) -> None:
        self._producer = producer
        self._connection = connection
        self._session = asyncio.Lock()
        self._prefix = prefix
        self._blocked: set[Lane] | None = None
        self._retried_at = 0.0

    def forget_blocked(self) -> None:
        """Another process may have blocked lanes of a shard that is now ours: read them again."""
        self._blocked = None

    @property
    def blocked_topics(self) -> frozenset[str]:
        """Topics that could not be written."""
        return frozenset(topic for topic, _ in self._blocked or ())

    async def publish(self, rounds: Mapping[int, Sequence[Message]]) -> None:
        """Publish the messages of each shard in order; returns when all are acknowledged or set aside."""
        blocked = await self._blocked_lanes()
        lanes: dict[Lane, list[Message]] = {}
        for shard, messages in rounds.items():
            for message in messages:
                lanes.setdefault((message.topic, shard), []).append(message)
        await asyncio.gather(
            *(self._publish_lane(lane, messages, blocked) for lane, messages in lanes.items())
        )

    async def retry_blocked(self, owned: Sequence[int]) -> None:
        """Try the lanes that were set aside again, once a second."""
        blocked = await self._blocked_lanes()
        if not blocked or time.monotonic() - self._retried_at < _RETRY_BLOCKED_S:
            return
        self._retried_at = time.monotonic()
        for topic, shard in sorted(blocked):
            if shard in owned:
                await self._retry_lane(topic, shard)

    async def _retry_lane(self, topic: str, shard: int) -> None:
        query = "select id, payload from blocked_message where topic = $1 and shard = $2 order by id limit $3"
        while rows := await self._connection.fetch(query, topic, shard, _BLOCKED_PAGE):
            try:
                await self._send((topic, shard), [decode_message(row["payload"]) for row in rows])
            except (*_UNWRITABLE, TimeoutError):
                return
            await self._connection.execute(
                "delete from blocked_message where id = any($1)", [row["id"] for row in rows]
            )
        assert self._blocked is not None
        self._blocked.discard((topic, shard))
        log("topic_unblocked", topic=topic, shard=shard)

    async def _publish_lane(self, lane: Lane, messages: list[Message], blocked: set[Lane]) -> None:
        if lane in blocked:
            await self._set_aside(lane, messages)
            return
        delay_s = 0.05
        while True:
            try:
                await self._send(lane, messages)
            except _UNWRITABLE as error:
                await self._set_aside(lane, messages)
                blocked.add(lane)
                log("topic_blocked", topic=lane[0], shard=lane[1], reason=type(error).__name__)
                return
            except (KafkaError, TimeoutError) as error:
                log("publish_retry", topic=lane[0], shard=lane[1], reason=type(error).__name__)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, 5.0)
            else:
                return

    async def _send(self, lane: Lane, messages: Sequence[Message]) -> None:
        topic, shard = self._prefix + lane[0], lane[1]
        partitions = await self._partitions(topic)
        partition = sorted(partitions)[shard % len(partitions)]
        acknowledgements = []
        batch = self._producer.create_batch()
        for message in messages:
            key, headers = message.key.encode(), list(message.headers)
            if batch.append(key=key, value=message.value, timestamp=None, headers=headers) is None:
                batch.close()
                acknowledgements.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(key=key, value=message.value, timestamp=None, headers=headers)
        batch.close()
        acknowledgements.append(await self._producer.send_batch(batch, topic, partition=partition))
        for acknowledgement in acknowledgements:
            await acknowledgement

    async def _partitions(self, topic: str) -> set[int]:
        try:
            partitions: set[int] = await asyncio.wait_for(self._producer.partitions_for(topic), _TOPIC_WAIT_S)
        except TimeoutError:
            raise UnknownTopicOrPartitionError(topic) from None
        return partitions

    async def _set_aside(self, lane: Lane, messages: Sequence[Message]) -> None:
        topic, shard = lane
        async with self._session:
            await self._connection.execute(
                "insert into blocked_message (topic, shard, payload) select $1, $2, unnest($3::bytea[])",
                topic,
                shard,
                [message.encode() for message in messages],
            )

    async def _blocked_lanes(self) -> set[Lane]:
        if self._blocked is None:
            rows = await self._connection.fetch("select distinct topic, shard from blocked_message")
            self._blocked = {(row["topic"], row["shard"]) for row in rows}
        return self._blocked
