"""The hub's own core in a FastStream batch handler: one batch after the other, nothing overlaps."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaMessage
from faststream.kafka.annotations import KafkaMessage as Message

from bench.core_job import CoreRules
from bench.peers.place import BATCH, Place
from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.known import wanted_of
from hub.engine.decide.rules import code_blocks
from hub.engine.write import reading
from hub.engine.write.writing import write_batch
from hub.facts.message import Message as Outbound
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Reading, authorise
from hub.kafka import client as kafka
from hub.kafka import faststream as kafka_broker
from hub.legal_time import LegalClock
from hub.outbox.segments import Outgoing
from hub.postgres import database
from hub.regulation.lawbook import load_book
from hub.settings import read_settings

place = Place.of_environment()
settings = read_settings()
broker = kafka_broker.faststream_broker(settings.kafka, "faststream-batch", logger=None)
app = FastStream(broker)


class Core:
    """`hub.engine.decide.decide_batch` and `write_batch` on one connection; Kafka keeps the offsets."""

    async def open(self) -> None:
        """Connect and read the participants."""
        self.session = await database.connect(settings.postgres, "faststream-batch")
        self.producer = kafka.producer(settings.kafka, "faststream-batch-out")
        await self.producer.start()
        book = load_book(settings.profile, settings.regulation)
        rules = CoreRules(book)
        master = MasterKey.from_file(settings.master_key_file)
        directory = await reading.read_directory(self.session, master.store)
        self.tools: Tools = Tools(rules, directory, master, code_blocks(book), settings.shards)
        self.world = Reading(
            directory, LegalClock(), settings.environment, rules.requests, settings.kafka.prefix
        )
        self.prefix = settings.kafka.prefix
        self.published: list[int] = []
        self.shards = list(range(settings.shards))

    async def close(self) -> None:
        """Close both."""
        await self.producer.stop()
        await self.session.close()

    async def handle(self, records: Sequence[Any]) -> None:
        """Read, decide, write, publish; the segments are deleted by the next write."""
        items = [authorise(record, self.world) for record in records]
        read = await reading.read_batch(self.session, wanted_of(items), self.tools.master.store)
        decision: BatchDecision = BatchDecision(str(uuid.uuid4()), self.tools, read.view, None)
        for item in items:
            decision.take(item)
        decision.finish()
        written = await write_batch(
            self.session, decision, (), Outgoing(self.published, self.shards, []), dump=self.tools.rules.dump,
            shards=self.tools.shards,
        )  # fmt: skip
        await self._publish(decision.messages)
        self.published = list(written.fresh.values())

    async def _publish(self, messages: Mapping[int, Sequence[tuple[Outbound, object]]]) -> None:
        """One `send_batch` per topic and shard, as the hub does; wait for all."""
        lanes: dict[tuple[str, int], list[Outbound]] = {}
        for shard, pairs in messages.items():
            for message, _ in pairs:
                lanes.setdefault((self.prefix + message.topic, shard), []).append(message)
        acknowledgements = []
        for (topic, shard), lane in lanes.items():
            partition = shard % len(await self.producer.partitions_for(topic))
            batch = self.producer.create_batch()
            for one in lane:
                batch.append(key=one.key.encode(), value=one.value, timestamp=None, headers=list(one.headers))
            batch.close()
            acknowledgements.append(await self.producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*acknowledgements)


core = Core()
app.on_startup(core.open)
app.after_shutdown(core.close)


async def undecoded(message: KafkaMessage) -> Any:
    """The core reads the bytes itself."""
    return message.body


@broker.subscriber(
    place.inputs[0],
    group_id=place.group,
    batch=True,
    max_records=BATCH,
    batch_timeout_ms=20,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    session_timeout_ms=30_000,
    fetch_max_wait_ms=10,
    decoder=undecoded,
)
async def handle(message: Message) -> None:
    """FastStream commits after it returns."""
    await core.handle(message.raw_message)


if __name__ == "__main__":
    uvloop.run(app.run())
