"""Damaged, compressed and overgrown batches in the broker's log: on a stack that these tests may break."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from aiokafka.record.util import calc_crc32c
from confluent_kafka import KafkaException, Producer

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from hub.engine.intake.positions import accept_gap
from hub.kafka.log_inspector import LogEnds
from tests.support.breakable import breakable_hub
from tests.support.clients import Client
from tests.support.counters import good_value, pairs
from tests.support.hubs import Hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT
from tests.support.stack import librdkafka_settings
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

_NO_LIMITS = {"message.max.bytes": 1_000_000_000, "queue.buffering.max.kbytes": 2_000_000}
"""Of the client: what it sends is a few KB, or 1 MB with gzip."""


async def send_batch(traffic: Traffic, client: Client, count: int, *, is_lost: bool = False) -> list[str]:
    """Submissions in one batch on partition 0."""
    batch = client._producer.create_batch()
    ids = [str(uuid4()) for _ in range(count)]
    for event_id in ids:
        headers = pairs(client.headers(SUBMIT, f"ref:{event_id}", event_id))
        key = f"ref:{event_id}".encode()
        assert batch.append(key=key, value=good_value(), timestamp=None, headers=headers) is not None
        if not is_lost:
            traffic.sent[(client.name, event_id)] = 1
    batch.close()
    await (await client._producer.send_batch(batch, client.in_topic, partition=0))
    return ids


def segment_file(home: Path, topic: str) -> Path:
    return home / "kafka" / "data" / f"{topic}-0" / "00000000000000000000.log"


def flip(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 0x01
    file.write_bytes(bytes(content))


def claim_codec(file: Path, position: int, codec: int) -> None:
    """Let a batch say that it is compressed when it is not, with a checksum that fits."""
    content = bytearray(file.read_bytes())
    length = int.from_bytes(content[position + 8 : position + 12])
    content[position + 22] = codec
    end = position + 12 + length
    content[position + 17 : position + 21] = calc_crc32c(bytes(content[position + 21 : end])).to_bytes(4)
    file.write_bytes(bytes(content))


async def stopped(hub: Hub, topic: str) -> str | None:
    reason: str | None = await hub.database.fetchval(
        "select stopped from intake_offset where topic = $1 and partition = 0", topic
    )
    return reason


async def test_a_damaged_batch_stops_its_partition_only_and_nothing_good_is_lost(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        damaged = await hub.join("counter-a", ["counter"], [ONE_STOP])
        sound = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [damaged, sound])
        await send_batch(traffic, damaged, 3)
        before = segment_file(home, damaged.in_topic).stat().st_size
        await send_batch(traffic, damaged, 4, is_lost=True)
        await send_batch(traffic, damaged, 2)
        for _ in range(30):
            await traffic.submit(sound)
        await asyncio.to_thread(embedded.stop_kafka, home)
        flip(segment_file(home, damaged.in_topic), before + 200)
        await asyncio.to_thread(embedded.start_kafka, home)

        engine = hub.engine()
        engine.start()
        await eventually(lambda: is_stopped(hub, damaged), 60, "the partition to stop", engine.output)
        assert await stopped(hub, damaged.in_topic) == "corrupt: offsets 3 to 6 cannot be read"
        for _ in range(5):
            await traffic.submit(sound)
        await eventually(
            lambda: len(traffic.unanswered()) == 2, 30, "all but what is behind", traffic.evidence
        )
        assert 'hub_partition_stopped{partition="0",topic="' + damaged.in_topic in await engine.metrics()

        assert await accept(hub, damaged.in_topic) == "corrupt: offsets 3 to 6 cannot be read"
        await send_batch(traffic, damaged, 2)
        await traffic.check()
        await ended_well(engine)


async def is_stopped(hub: Hub, client: Client) -> bool:
    return await stopped(hub, client.in_topic) is not None


async def accept(hub: Hub, topic: str) -> str | None:
    """What `hub offsets accept` does."""
    topic_id = (await asyncio.to_thread(hub.admin.topic_ids, [topic]))[topic]
    return await accept_gap(hub.database, (topic, 0), LogEnds(topic_id, 0, 1 << 40), hub.store_key)


async def ended_well(engine: HubProcess) -> None:
    assert engine.exit_status is None, engine.output()
    assert await engine.stop() == 0


async def test_a_batch_that_lies_about_its_offsets_stops_its_partition_only(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        damaged = await hub.join("counter-a", ["counter"], [ONE_STOP])
        sound = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [damaged, sound])
        await send_batch(traffic, damaged, 3)
        before = segment_file(home, damaged.in_topic).stat().st_size
        await send_batch(traffic, damaged, 4, is_lost=True)
        for _ in range(5):
            await traffic.submit(sound)
        await asyncio.to_thread(embedded.stop_kafka, home)
        flip(segment_file(home, damaged.in_topic), before + 3)
        await asyncio.to_thread(embedded.start_kafka, home)
        engine = hub.engine()
        engine.start()
        await traffic.answered()
        await eventually(lambda: is_stopped(hub, damaged), 60, "the partition to stop", engine.output)
        assert await stopped(hub, damaged.in_topic) == "corrupt: offsets 3 to 4294967298 cannot be read"
        await traffic.submit(sound)
        await traffic.check()
        await ended_well(engine)


@pytest.mark.parametrize(("codec", "raises"), [(1, "BadGzipFile"), (4, "DecompressionError")])
async def test_a_batch_whose_bytes_make_the_client_raise_whatever_stops_its_partition_only(
    own_stack: tuple[Path, StackAddress], tmp_path: Path, codec: int, raises: str
) -> None:
    home, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        damaged = await hub.join("counter-a", ["counter"], [ONE_STOP])
        sound = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [damaged, sound])
        await send_batch(traffic, damaged, 3)
        before = segment_file(home, damaged.in_topic).stat().st_size
        await send_batch(traffic, damaged, 4, is_lost=True)
        await asyncio.to_thread(embedded.stop_kafka, home)
        claim_codec(segment_file(home, damaged.in_topic), before, codec)
        await asyncio.to_thread(embedded.start_kafka, home)
        engine = hub.engine()
        engine.start()
        await eventually(lambda: is_stopped(hub, damaged), 60, "the partition to stop", engine.output)
        assert await stopped(hub, damaged.in_topic) == "corrupt: offsets 3 to 6 cannot be read"
        assert raises in {line["reason"] for line in engine.actions("partition_unreadable")}
        assert not any(line["database_lost"] for line in engine.actions("went_back"))
        await send_batch(traffic, damaged, 2)
        await eventually(lambda: shows_lag(engine, damaged, records=6), 30, "the lag", engine.output)
        await traffic.submit(sound)
        assert await accept(hub, damaged.in_topic) == "corrupt: offsets 3 to 6 cannot be read"
        await send_batch(traffic, damaged, 2)
        await traffic.check()
        await ended_well(engine)


async def shows_lag(engine: HubProcess, client: Client, records: int) -> bool:
    labels = {"group": "engine", "topic": client.in_topic}
    return (
        await metric(engine, "hub_consumer_lag_records", **labels) == records
        and 5 < await metric(engine, "hub_consumer_lag_seconds", **labels) < 60
        and 0 < await metric(engine, "hub_consumer_lag_retention_ratio", **labels) < 0.001
        and await metric(engine, "hub_consumer_rebalances_total", group="engine") > 0
    )


def produce(
    address: StackAddress, client: Client, options: dict[str, Any], values: Sequence[bytes]
) -> list[str]:
    """Submissions by librdkafka as one batch; raises what the broker says."""
    user, password = client.settings["sasl_plain_username"], client.settings["sasl_plain_password"]
    producer = Producer(librdkafka_settings(address, user, password) | options)
    failures: list[Any] = []
    ids = []
    for value in values:
        event_id = str(uuid4())
        ids.append(event_id)
        producer.produce(
            client.in_topic,
            value,
            f"ref:{event_id}".encode(),
            partition=0,
            headers=list(pairs(client.headers(SUBMIT, f"ref:{event_id}", event_id))),
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    producer.flush(30)
    if failures:
        raise KafkaException(failures[0])
    return ids


@pytest.mark.parametrize("codec", ["zstd", "lz4", "gzip", "snappy"])
async def test_a_compressed_batch_is_read_like_any_other(
    own_stack: tuple[Path, StackAddress], tmp_path: Path, codec: str
) -> None:
    _, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        await hub.start_engine()
        options = {"compression.type": codec, "linger.ms": 200}
        ids = await asyncio.to_thread(produce, address, counter, options, [good_value()] * 20)
        traffic.sent |= {(counter.name, event_id): 1 for event_id in ids}
        await traffic.check()


@pytest.mark.parametrize(("codec", "megabytes"), [("zstd", 64), ("zstd", 950), ("gzip", 64)])
async def test_a_compression_bomb_is_refused_by_the_broker_and_hurts_nobody(
    own_stack: tuple[Path, StackAddress], tmp_path: Path, codec: str, megabytes: int
) -> None:
    home, address = own_stack
    broker = [server.pid for server in embedded.status(home)]
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        await traffic.submit(counter, partition=0)
        await traffic.answered()
        memory_before = psutil.Process(engine.pid).memory_info().rss
        bomb = b" " * (megabytes << 20)
        options = {"compression.type": codec, "retries": 0, "linger.ms": 0} | _NO_LIMITS
        with pytest.raises(KafkaException, match=r"MSG_SIZE_TOO_LARGE|Unknown broker error"):
            await asyncio.to_thread(produce, address, counter, options, [bomb])
        await traffic.submit(counter, partition=0)
        await traffic.check()
        assert psutil.Process(engine.pid).memory_info().rss - memory_before < 32 << 20
        assert [server.pid for server in embedded.status(home)] == broker
        await ended_well(engine)


async def test_a_participant_cannot_write_in_a_transaction(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    _, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        user, password = counter.settings["sasl_plain_username"], counter.settings["sasl_plain_password"]
        options = {"transactional.id": "mine"}
        producer = Producer(librdkafka_settings(address, user, password) | options)
        with pytest.raises(KafkaException, match="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"):
            await asyncio.to_thread(producer.init_transactions, 10)
