"""Records as the client hands them out: with dense offsets, and with the broker's time or without."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from hub.budget.allowance import Use
from hub.inbound.envelope import Record, Unstamped
from hub.kafka.client import STAMPED_BY_BROKER, AIOKafkaConsumer, ConsumerRecord, TopicPartition

_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 7_258_118_400_000
"""The years 2000 and 2200: a time of receipt outside of them is none."""
Fetched = dict[TopicPartition, list[ConsumerRecord]]


async def fetched_of(
    client: AIOKafkaConsumer, tp: TopicPartition, wait_ms: int, records: int
) -> list[ConsumerRecord]:
    """At most so many of one partition."""
    fetched: Fetched = await client.getmany(tp, timeout_ms=wait_ms, max_records=records)
    return fetched.get(tp, [])


_HEADER_MEMORY, _HEADER_BYTES = 64, 2


def weight(record: ConsumerRecord) -> int:
    """What a record takes of memory, nearly (pure): a header without name and content takes some too."""
    return len(record.value or b"") + len(record.key or b"") + _HEADER_MEMORY * len(record.headers)


def within(fetched: Fetched, max_bytes: int) -> tuple[Fetched, Fetched]:
    """At most so many bytes of them, one record at least; and what is left over (pure)."""
    if sum(weight(record) for records in fetched.values() for record in records) <= max_bytes:
        return fetched, {}
    taken: Fetched = {}
    left: Fetched = {}
    size = 0
    for tp, records in fetched.items():
        for number, record in enumerate(records):
            size += weight(record)
            if size > max_bytes and taken:
                left[tp] = records[number:]
                break
            taken.setdefault(tp, []).append(record)
    return taken, left


def dense_part(records: list[ConsumerRecord], expected: int) -> list[ConsumerRecord]:
    """The records up to the first that does not have the next offset.

    Each is looked at: within a batch the places are the sender's word, and the broker does not check them.
    """
    for number, record in enumerate(records):
        if record.offset != expected + number:
            return records[:number]
    return records


def stamped(records: list[ConsumerRecord]) -> Sequence[Record]:
    """The records; those whose time is not one of receipt, as such."""
    if all(map(_is_stamped, records)):
        return records
    now_ms = int(time.time() * 1000)
    return [record if _is_stamped(record) else _unstamped(record, now_ms) for record in records]


def _is_stamped(record: ConsumerRecord) -> bool:
    is_brokers: bool = record.timestamp_type == STAMPED_BY_BROKER
    return is_brokers and _EARLIEST_MS <= record.timestamp < _LATEST_MS


def _unstamped(record: ConsumerRecord, now_ms: int) -> Unstamped:
    return Unstamped(
        record.topic, record.partition, record.offset, now_ms, record.key, record.value, record.headers
    )


def taken_of(records: Iterable[Record]) -> dict[str, Use]:
    """Records and bytes of each topic (pure): keys, values and headers, which take two bytes also empty."""
    taken: dict[str, list[int]] = {}
    for record in records:
        counted = taken.get(record.topic)
        if counted is None:
            counted = taken[record.topic] = [0, 0]
        counted[0] += 1
        counted[1] += len(record.value or b"") + len(record.key or b"")
        for name, content in record.headers:
            counted[1] += len(name) + len(content or b"") + _HEADER_BYTES
    return {topic: Use(*counted) for topic, counted in taken.items()}
