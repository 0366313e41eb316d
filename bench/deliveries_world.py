"""Around a measured adapter: its counterpart's stand-in as a process, and the hub's side of its topics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from bench.arena import Arena
from bench.deliveries_kind import Kind, headers_of
from bench.runners import Runner
from hub.delivery.adapter import OutMessage
from schemas.receipt import RECEIPT_ACCEPTED

PARTITIONS = 4
_START_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The stand-in of an outside system, in its own process, with an empty journal at its start."""

    base: str
    runner: Runner
    journal_file: Path

    def lines(self) -> list[dict[str, object]]:
        """Every line of the journal."""
        if not self.journal_file.exists():
            return []
        return [orjson.loads(line) for line in self.journal_file.read_bytes().splitlines()]


@asynccontextmanager
async def counterpart(kind: Kind, folder: Path) -> AsyncIterator[Counterpart]:
    """Start the stand-in of an adapter's outside system in a new folder."""
    folder.mkdir()  # noqa: ASYNC240  before anything runs
    port_file, journal_file = folder / "port", folder / "journal.jsonl"
    arguments = ["--journal", str(journal_file), "--port-file", str(port_file)]
    arguments += kind.sandbox_options(folder)
    async with Runner(kind.sandbox, [{}], folder, arguments=arguments) as runner:
        async with asyncio.timeout(_START_LIMIT_S):
            while not port_file.exists():
                runner.check()
                await asyncio.sleep(0.02)
        yield Counterpart(f"http://127.0.0.1:{int(port_file.read_text())}", runner, journal_file)


@dataclass(slots=True)
class HubSide:
    """Writes what the hub writes to an adapter, and answers each of its reports with a receipt."""

    place: Arena
    kind: Kind
    producer: AIOKafkaProducer
    reports: dict[str, str] = field(default_factory=dict)
    """By id; a report that was sent again counts once."""

    async def load(self, messages: Sequence[OutMessage]) -> None:
        """Put messages on the adapter's topic; returns when the broker has them."""
        topic = self.place.topic(f"out.{self.kind.name}")
        sent = [
            await self.producer.send(topic, one.data, key=one.dossier.encode(), headers=headers_of(one))
            for one in messages
        ]
        await asyncio.gather(*sent)

    async def answer(self, consumer: AIOKafkaConsumer) -> None:
        """Answer until cancelled."""
        while True:
            found = await consumer.getmany(timeout_ms=1000)
            for record in (record for records in found.values() for record in records):
                await self._take(record)

    async def _take(self, record: ConsumerRecord) -> None:
        headers = {name: raw.decode() for name, raw in record.headers}
        identity, subject = headers["ce_id"], headers["ce_subject"]
        told = self.kind.reported(headers["ce_type"], subject, orjson.loads(record.value))
        self.reports[identity] = told
        receipt = {"request": identity, "dossier": subject, "facts": []}
        about = [
            ("ce_specversion", b"1.0"),
            ("ce_id", f"r-{identity}"[:64].encode()),
            ("ce_source", b"/hub"),
            ("ce_type", RECEIPT_ACCEPTED.encode()),
            ("ce_time", headers["ce_time"].encode()),
            ("ce_subject", subject.encode()),
        ]
        topic = self.place.topic(f"out.{self.kind.name}")
        await self.producer.send(topic, orjson.dumps(receipt), key=subject.encode(), headers=about)


@asynccontextmanager
async def hub_side(place: Arena, kind: Kind) -> AsyncIterator[HubSide]:
    """The hub's stand-in; the adapter's topics exist."""
    partitions = await place.partitions({place.topic(f"in.{kind.name}"): PARTITIONS})
    async with place.producer() as producer, place.reader() as consumer:
        consumer.assign(partitions)
        side = HubSide(place, kind, producer)
        answering = asyncio.create_task(side.answer(consumer))
        try:
            yield side
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
