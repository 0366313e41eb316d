"""Ledger: the hub read from outside, by SQL and by a Kafka consumer with an administrator's user."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.ledger.evidence import Delivered, Fact, HubSide, request_digest
from tests.support.ledger.mailbox import delivered

_IDLE_LIMIT_S = 30
_FACTS = "select dossier_id::text as dossier, sequence, id::text as id, type, bytes, hash from fact"
_UNFINISHED = """
select 'parked request ' || participant || ' ' || request_id from parked_request
union all select 'dossier marked as parked ' || id::text from dossier where parked <> 0
union all select 'segment not published ' || id::text from segment
union all select 'message of a blocked topic ' || topic from blocked_message
union all select 'redrive not done ' || id::text from redrive where done_at is null
union all select 'partition stopped ' || topic || ' ' || partition || ': ' || stopped from intake_offset
    where stopped is not null
union all select 'request without receipt ' || participant || ' ' || id from inbox where receipt is null
"""
_DELIVERIES = """
select 'delivery ' || state || ' ' || adapter || ' ' || id from delivery
where state in ('pending', 'leased', 'unknown')
union all select 'report not confirmed ' || adapter || ' ' || id from delivery_report
    where state <> 'confirmed'
"""
_HAS_DELIVERIES = "select to_regclass('delivery_report') is not null"
_OFFSETS = "select topic, partition, next from intake_offset"


@dataclass(frozen=True, slots=True)
class Access:
    """How the ledger reaches a hub's database and broker; `prefix` stands before its topics.

    `store_key_file` holds the key of the digests in the inbox.
    """

    dsn: str
    store_key_file: Path
    kafka: Mapping[str, Any]
    prefix: str


async def read_hub(access: Access, conflicts: Mapping[str, int]) -> HubSide:
    """Everything at once, after the run; the hub must be quiet."""
    connection = await asyncpg.connect(access.dsn)
    try:
        rows = await connection.fetch("select participant, id, digest from inbox")
        facts = [_fact(row) for row in await connection.fetch(_FACTS)]
        letters = await connection.fetch("select topic, partition, at_offset from dead_letter")
        unfinished = [row[0] for row in await connection.fetch(_UNFINISHED)]
        if await connection.fetchval(_HAS_DELIVERIES):
            unfinished += [row[0] for row in await connection.fetch(_DELIVERIES)]
        redrives = await connection.fetchval("select count(*) from redrive where outcome = 'done'")
        offsets = {(row["topic"], row["partition"]): row["next"] for row in await connection.fetch(_OFFSETS)}
    finally:
        await connection.close()
    topics = await read_topics(access, offsets)
    digests = _digests(access.store_key_file, topics.digests)
    return HubSide(
        inbox={
            (row["participant"], row["id"]): digests.get(row["digest"], row["digest"].hex()) for row in rows
        },
        facts=tuple(facts),
        fact_topic=tuple(topics.facts),
        out_topics=tuple(topics.out),
        in_log=topics.in_log,
        dead_letters=frozenset(
            (row["topic"].removeprefix(f"{access.prefix}in."), row["partition"], row["at_offset"])
            for row in letters
        ),
        unfinished=(*unfinished, *topics.behind),
        redrives=redrives,
        conflicts=conflicts,
    )


def _digests(store_key_file: Path, digests: Iterable[str]) -> dict[bytes, str]:
    """The digests of what lies in the log, by the form under the hub's key in which the inbox has them."""
    key = bytes.fromhex(store_key_file.read_text("ascii").strip())
    return {
        blake2b(bytes.fromhex(digest), key=key, digest_size=32, person=b"request").digest(): digest
        for digest in digests
    }


def _fact(row: Any) -> Fact:
    body = orjson.loads(row["bytes"])
    return Fact(
        dossier=row["dossier"], sequence=row["sequence"], id=row["id"], type=row["type"],
        source=body["source"], request=body["request"], hash=row["hash"].hex(),
        computed=sha256(row["bytes"]).hexdigest(),
        previous=body["previous"], receivers=tuple(body["to"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topics:
    """What lies on the topics; `in_log` counts the copies of each request (participant, id, digest).

    `digests` are those of all requests with the environment that they name.
    """

    facts: list[Delivered]
    out: list[Delivered]
    in_log: Counter[tuple[str, str, str]]
    behind: list[str]
    digests: set[str]


async def read_topics(access: Access, offsets: Mapping[tuple[str, int], int]) -> Topics:
    """All records of this hub's topics, each partition in its order."""
    topics = Topics([], [], Counter(), [], set())
    partitions = await _partitions(access)
    consumer = AIOKafkaConsumer(**access.kafka)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        for tp, end in ends.items():
            taken = offsets.get((tp.topic, tp.partition), 0)
            if tp.topic.startswith(f"{access.prefix}in.") and taken != end:
                topics.behind.append(f"{tp.topic}-{tp.partition}: {taken} of {end} taken")
        async for record in _records(consumer, ends):
            _sort(record, record.topic.removeprefix(access.prefix), topics)
    finally:
        await consumer.stop()
    return topics


async def _partitions(access: Access) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**access.kafka)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(access.prefix)]
        described = await admin.describe_topics(names)
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
        if not topic["topic"].endswith("heartbeat")
    ]


async def _records(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Any]:
    wanted = {tp: end for tp, end in ends.items() if end > 0}
    consumer.assign(list(wanted))
    await consumer.seek_to_beginning()
    while wanted:
        async with asyncio.timeout(_IDLE_LIMIT_S):
            batches = await consumer.getmany(timeout_ms=1000, max_records=5000)
        for tp, records in batches.items():
            for record in records:
                if record.offset < ends[tp]:
                    yield record
        for tp in list(wanted):
            if await consumer.position(tp) >= wanted[tp]:
                del wanted[tp]


def _sort(record: Any, topic: str, topics: Topics) -> None:
    folder, _, name = topic.partition(".")
    if topic == "dossier.facts":
        topics.facts.append(delivered("dossier.facts", record))
    elif folder == "out":
        topics.out.append(delivered(name, record))
    elif folder == "in" and name != "hub":
        headers = {header: value.decode() for header, value in record.headers}
        digest = request_digest(
            headers.get("ce_type", ""), headers.get("ce_subject", ""), record.value or b""
        )
        topics.in_log[(name, headers.get("ce_id", ""), digest)] += 1
        named = "\x1f".join(headers.get(f"ce_{word}", "") for word in ("type", "subject", "environment"))
        topics.digests.add(sha256(f"{named}\x1f".encode() + (record.value or b"")).hexdigest())


async def is_quiet(connection: asyncpg.Connection[asyncpg.Record]) -> tuple[bool, int]:
    """Whether nothing is under way in the tables, and a number that grows with every record taken."""
    busy = await connection.fetchval(f"select count(*) from ({_UNFINISHED}) u")  # noqa: S608  a constant
    if await connection.fetchval(_HAS_DELIVERIES):
        busy += await connection.fetchval(f"select count(*) from ({_DELIVERIES}) u")  # noqa: S608  a constant
    taken = await connection.fetchval("select coalesce(sum(next), 0) from intake_offset")
    return busy == 0, int(taken)
