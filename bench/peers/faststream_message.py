"""FastStream, a handler per message as its documentation writes it: model, transaction, publish, ack."""

from __future__ import annotations

from typing import Annotated

import asyncpg
import uvloop
from faststream import AckPolicy, FastStream, Header
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512
from pydantic import BaseModel

from bench.peers.place import Place
from bench.peers.tables import COUNT, SEEN

place = Place.of_environment()
broker = KafkaBroker(
    place.bootstrap.split(","),
    security=SASLScram512(place.user, place.password, use_ssl=False),
    acks="all",
    enable_idempotence=True,
    logger=None,
)
app = FastStream(broker)
pool: asyncpg.Pool[asyncpg.Record]


class Step(BaseModel):
    """What happened to the dossier."""

    step: str
    officer: str
    office: str
    note: str


class Event(BaseModel):
    """The event of the job."""

    dossier: str
    procedure: str
    organisation: str
    agency: str
    status: int
    priority: int
    sent_at: str
    due_at: str
    trace: str
    batch: str
    channel: str
    summary: str
    step: Step


class Counted(Event):
    """The event with the count of its dossier."""

    id: str
    count: int


@app.on_startup
async def connect() -> None:
    """Open the pool before the first message."""
    global pool  # noqa: PLW0603  FastStream's own way is a context variable, which costs a thread hop per message
    pool = await asyncpg.create_pool(place.dsn, min_size=1, max_size=2)


@broker.subscriber(
    place.inputs[0],
    group_id=place.group,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    session_timeout_ms=30_000,
    fetch_max_wait_ms=10,
)
async def handle(event: Event, ce_id: Annotated[str, Header("ce_id")]) -> None:
    """Store, publish; FastStream commits after it returns."""
    async with pool.acquire() as database, database.transaction():
        is_new = await database.fetchval(SEEN, ce_id) is not None
        count = await database.fetchval(COUNT, event.dossier) if is_new else 0
    if is_new:
        counted = Counted.model_construct(**event.__dict__, id=ce_id, count=count)
        await broker.publish(counted, place.output, key=event.dossier.encode())


if __name__ == "__main__":
    uvloop.run(app.run())
