"""Plain aiokafka, message by message: transaction in PostgreSQL, `send_and_wait`, commit of the offset."""

from __future__ import annotations

import asyncio

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.peers.clients import run
from bench.peers.place import Place
from bench.peers.tables import COUNT, SEEN


async def work(
    place: Place, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, stop: asyncio.Event
) -> None:
    """At least once: the effect is stored before it is published, and published before the commit."""
    database = await asyncpg.connect(place.dsn)
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=100, max_records=1)).values():
            for record in records:
                event = orjson.loads(record.value)
                event_id = dict(record.headers)["ce_id"].decode()
                async with database.transaction():
                    is_new = await database.fetchval(SEEN, event_id) is not None
                    count = await database.fetchval(COUNT, event["dossier"]) if is_new else 0
                if is_new:
                    event |= {"id": event_id, "count": count}
                    await producer.send_and_wait(place.output, orjson.dumps(event), key=record.key)
                await consumer.commit()
    await database.close()


if __name__ == "__main__":
    run(work)
