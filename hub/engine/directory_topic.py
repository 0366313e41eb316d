"""Keeps the compacted topic `directory` equal to what participants may name today."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from hub.engine.due_reports import ReportTeller
from hub.engine.first_settlements import SettlementTeller
from hub.engine.imports import ImportTeller
from hub.facts.fact_bytes import rfc3339
from hub.facts.integrity import StoreKey
from hub.facts.message import HUB_SOURCE, cloud_event
from hub.kafka.client import KafkaError, TopicPartition
from hub.kafka.producer import OutgoingRecord, Producer
from hub.kafka.reading import NewConsumer
from hub.logs import log
from hub.outbox.shards import Shards
from hub.participants.published_directory import Edition, read_edition
from hub.postgres.database import Connection, Session
from hub.regulation.lawbook import LawBook
from schemas.directory import DirectoryEntry

_TICK_S = 1.0
_AGAIN_S = 30.0
"""After the broker said no, as before `hub setup` has made the topic."""
_SEND_S = 20.0
_READ_S = 20.0
_FIRST_SHARD = 0
Entries = Mapping[bytes, bytes]


class DirectoryTopic:
    """One per engine; the engine that has the first shard writes. Written twice is as good as once."""

    def __init__(
        self,
        producer: Producer,
        session: Session,
        shards: Shards,
        book: LawBook,
        new_consumer: NewConsumer,
        *,
        topic: str,
        environment: str,
        key: StoreKey,
        imports: ImportTeller,
        reports: ReportTeller,
        settlements: SettlementTeller,
    ) -> None:
        self._producer = producer
        self._imports = imports
        self._reports = reports
        self._settlements = settlements
        self._session = session
        self._shards = shards
        self._book = book
        self._new_consumer = new_consumer
        self._topic = topic
        self._environment = environment
        self._key = key
        self._edition: Edition | None = None
        self._there: Entries | None = None

    async def step(self) -> None:
        """Look once for a change and write what differs; raises what is `AWAY`."""
        await asyncio.sleep(_TICK_S)
        if not self._shards.is_confirmed or _FIRST_SHARD not in self._shards.owned:
            self._edition = self._there = None
            return
        connection = await self._session.live()
        await self._tell_the_hub(connection)
        edition = await read_edition(connection, self._key, self._book, self._environment, self._edition)
        if edition is self._edition:
            return
        try:
            await self._write(entries_of(edition))
        except (KafkaError, TimeoutError) as error:
            log("directory_waits", error=type(error).__name__)
            self._there = None
            await asyncio.sleep(_AGAIN_S)
        else:
            self._edition = edition

    async def _tell_the_hub(self, connection: Connection) -> None:
        try:
            await self._imports.tell(connection)
            await self._reports.tell(connection)
            await self._settlements.tell(connection)
        except (KafkaError, TimeoutError) as error:
            log("telling_waits", error=type(error).__name__)

    async def _write(self, wanted: Entries) -> None:
        if self._there is None:
            self._there = await self._read()
        changed = changes(self._there, wanted)
        if changed:
            now = rfc3339(datetime.now(UTC))
            await self._producer.send(self._topic, [_record(*one, now) for one in changed], _SEND_S)
            log("directory_published", changed=len(changed))
        self._there = wanted

    async def _read(self) -> Entries:
        """What the topic holds now."""
        place, found = TopicPartition(self._topic, 0), dict[bytes, bytes]()
        consumer = self._new_consumer()
        try:
            await consumer.start()
            begin = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            consumer.assign([place])
            consumer.seek(place, begin)
            until = time.monotonic() + _READ_S
            while await consumer.position(place) < end:
                if time.monotonic() > until:
                    raise TimeoutError
                for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                    if record.value is None:
                        found.pop(record.key, None)
                    elif record.key is not None:
                        found[record.key] = record.value
        finally:
            await consumer.stop()
        return found


def entries_of(edition: Edition) -> Entries:
    """Key and value of every entry (pure)."""
    entries: tuple[DirectoryEntry, ...] = (*edition.procedures, *edition.organisations)
    return {key_of(one): orjson.dumps(one.model_dump(mode="json", exclude_none=True)) for one in entries}


def key_of(entry: DirectoryEntry) -> bytes:
    """`procedure:1.004873`, `organisation:000.12.34.H07`."""
    kind = entry.type.split(".")[-2]
    return f"{kind}:{getattr(entry, 'code', '')}".encode()


def changes(there: Entries, wanted: Entries) -> list[tuple[bytes, bytes | None]]:
    """What has to be written: new and other values, and None for what is gone, by key (pure)."""
    gone = [(key, None) for key in there.keys() - wanted.keys()]
    other = [(key, value) for key, value in wanted.items() if there.get(key) != value]
    return sorted((*gone, *other), key=lambda one: one[0])


def _record(key: bytes, value: bytes | None, time_text: str) -> OutgoingRecord:
    subject = key.decode()
    headers = cloud_event(
        event_id=sha256(key + b"\x1f" + (value or b"")).hexdigest()[:40],
        source=HUB_SOURCE,
        event_type=f"onestop.directory.{subject.partition(':')[0]}.v1",
        subject=subject,
        time=time_text,
    )
    return OutgoingRecord(key, value, headers, 0)
