"""The events of the core job, and how they get into a topic before the clock starts."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

EVENT_BYTES = 1105


@dataclass(frozen=True, slots=True)
class Event:
    """One request: the CloudEvents id, the dossier's reference, and the JSON value."""

    id: str
    subject: str
    value: bytes


Row = tuple[Event, str]
"""An event with its CloudEvents type."""


def core_events(count: int, dossiers: int, duplicates: float, seed: int) -> list[Event]:
    """`count` events on `dossiers` references; a share of them repeats an earlier one byte for byte."""
    draw = random.Random(seed)  # noqa: S311  a fixed seed is wanted
    events: list[Event] = []
    for number in range(count):
        if events and draw.random() < duplicates:
            events.append(events[draw.randrange(max(0, len(events) - 500), len(events))])
        else:
            events.append(_core_event(number, draw.randrange(dossiers), draw))
    return events


def _core_event(number: int, dossier: int, draw: random.Random) -> Event:
    event_id = str(uuid.UUID(int=draw.getrandbits(128), version=4))
    data: dict[str, Any] = {
        "dossier": f"hs-{dossier}",
        "procedure": "1.004873",
        "organisation": "000.12.34.H07",
        "agency": "000.12.35.H07",
        "status": number % 10,
        "priority": number % 3,
        "sent_at": "2026-07-20T02:00:00Z",
        "due_at": "2026-07-23T10:00:00Z",
        "trace": f"{number:032x}",
        "batch": "b-1",
        "channel": "in_person",
        "summary": "",
        "step": {"step": "appraise", "officer": "can-bo-thu", "office": "000.12.35.H07", "note": "n" * 120},
    }
    room = EVENT_BYTES - len(orjson.dumps(data))
    data["summary"] = ("Hồ sơ thử nghiệm " * 80)[: room // 2]
    data["summary"] += "x" * (EVENT_BYTES - len(orjson.dumps(data)))
    return Event(event_id, f"ref:hs-{dossier}", orjson.dumps(data))


async def preload(
    producer: AIOKafkaProducer,
    topics: list[str],
    partitions: int,
    events: list[Event],
    event_type: str,
    sources: list[str],
) -> None:
    """Write the events, a dossier always to the same topic and partition, in batches of about 200 kB."""
    lanes: dict[tuple[int, int], list[Row]] = {}
    for event in events:
        key = hash_of(event.subject)
        lanes.setdefault((key % len(topics), key // len(topics) % partitions), []).append((event, event_type))
    for (topic, partition), rows in lanes.items():
        await load_lane(producer, topics[topic], partition, rows, sources[topic])


async def preload_topic(
    producer: AIOKafkaProducer, topic: str, partitions: int, rows: list[Row], source: str
) -> None:
    """Write events of several types to one topic, a subject always to the same partition."""
    lanes: dict[int, list[Row]] = {}
    for row in rows:
        lanes.setdefault(hash_of(row[0].subject) % partitions, []).append(row)
    for partition, lane in lanes.items():
        await load_lane(producer, topic, partition, lane, source)


async def load_lane(
    producer: AIOKafkaProducer, topic: str, partition: int, rows: list[Row], source: str
) -> None:
    """Write one partition; returns when the broker has everything."""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    batch = producer.create_batch()
    for event, event_type in rows:
        headers = event_headers(event, event_type, source, time)
        while (
            batch.append(key=event.subject.encode(), value=event.value, timestamp=None, headers=headers)
            is None
        ):
            batch.close()
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
    batch.close()
    await (await producer.send_batch(batch, topic, partition=partition))


def event_headers(event: Event, event_type: str, source: str, time: str) -> list[tuple[str, bytes]]:
    """CloudEvents binary mode."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.id.encode()),
        ("ce_source", f"/participants/{source}".encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", time.encode()),
        ("ce_subject", event.subject.encode()),
        ("content-type", b"application/json"),
    ]


def hash_of(subject: str) -> int:
    """A stable hash, the same in every process."""
    return int.from_bytes(uuid.uuid5(uuid.NAMESPACE_OID, subject).bytes[:6])
