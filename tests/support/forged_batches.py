"""Test support: batches of a participant that lie about the places of their records."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from tests.support.clients import Client

_CRC, _COVERED, _LAST = slice(17, 21), 21, slice(23, 27)
"""Of a batch: its checksum, where what that covers begins, and the place of its last record."""


async def send_forged(client: Client, places: Sequence[int], value: bytes = b"no envelope") -> int:
    """One batch on partition 0 whose records have these places in it; returns the offset of the first.

    It says that its records lie one behind the other, so the broker takes it.
    """
    producer = AIOKafkaProducer(**client.settings, acks="all", enable_idempotence=False)
    await producer.start()
    try:
        batch = producer.create_batch()
        for place in places:
            batch._relative_offset = place
            assert batch.append(timestamp=None, key=b"x", value=value) is not None
        written = bytearray(batch._build())
        written[_LAST] = (len(places) - 1).to_bytes(4)
        written[_CRC] = calc_crc32c(bytes(written[_COVERED:])).to_bytes(4)
        batch._buffer, batch._relative_offset = written, len(places)
        sent = await (await producer.send_batch(batch, client.in_topic, partition=0))
    finally:
        await producer.stop()
    return int(sent.offset)
