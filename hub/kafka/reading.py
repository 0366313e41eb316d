"""Single records, read to see whether the client can make anything of their bytes."""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.kafka.client import (
    AIOKafkaConsumer,
    ConsumerRecord,
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    TopicPartition,
    position_of,
)
from hub.kafka.errors import NoAnswerError

_READ_MS = 2000
_SEARCH_S = 10.0
NewConsumer = Callable[[], AIOKafkaConsumer]


def is_fetcher_dead(consumer: AIOKafkaConsumer) -> bool:
    """Whether the client's fetching task has ended: a damaged batch header does that (aiokafka 0.14)."""
    return bool(consumer._fetcher.error_future.done())  # noqa: SLF001  `getmany` just returns nothing for ever


def is_unparsable(error: Exception) -> bool:
    """Whether a read failed because of the bytes in the log, not because of broker, rights or a stop."""
    return isinstance(error, CorruptRecordException) or not isinstance(
        error, KafkaError | ConsumerStoppedError
    )


async def first_readable(new_consumer: NewConsumer, tp: TopicPartition, offset: int, end: int) -> int:
    """The first offset from `offset` on that can be read, or `end`: where the damage ends.

    Goes step by step, because behind a damaged batch a good one and another damaged one may follow; gives up
    after 10 s and returns how far it came.
    """
    until = time.monotonic() + _SEARCH_S
    consumer: AIOKafkaConsumer | None = None
    try:
        while offset < end and time.monotonic() < until:
            if consumer is None:
                consumer = new_consumer()
                await consumer.start()
            found = await read_at(consumer, tp, offset)
            if found is not None:
                return int(found.offset)
            offset = max(offset + 1, position_of(consumer, tp) or 0)
            if is_fetcher_dead(consumer):
                await consumer.stop()
                consumer = None
    finally:
        if consumer is not None:
            await consumer.stop()
    return min(offset, end)


async def read_at(consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> ConsumerRecord | None:
    """The record that comes when `offset` is asked for; None when it is unreadable, or none lies there."""
    consumer.assign([tp])
    consumer.seek(tp, offset)
    try:
        records = (await consumer.getmany(tp, timeout_ms=_READ_MS, max_records=1)).get(tp, [])
    except Exception as error:
        if not is_unparsable(error):
            raise
        return None
    if records:
        return records[0]
    if is_fetcher_dead(consumer) or (position_of(consumer, tp) or offset) > offset:
        return None
    raise NoAnswerError(tp.topic)
