"""The relay beside the engine's writes: a segment is published once, whoever learns of it first."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.facts.entries import WholeEntry, encode_segment
from hub.facts.message import Message
from hub.facts.sealing import MasterKey
from hub.facts.untrusted import tell_untrusted
from hub.kafka import client as kafka
from hub.kafka.producer import Producer
from hub.outbox.publisher import Publisher
from hub.outbox.relay import Relay
from hub.outbox.segments import Segment, Written
from hub.outbox.shards import Shards
from hub.outbox.stored import StoredSegments
from hub.postgres.away import AWAY
from hub.postgres.database import Session
from hub.settings import KafkaSettings, PostgresSettings
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import end_session
from tests.support.waiting import eventually

SHARD = 1
TOLD, LAST = (
    Message("out.counter-a", "d-1", (("ce_id", name), ("ce_type", b"x")), b"{}")
    for name in (b"told", b"last")
)
PAYLOAD = encode_segment([WholeEntry.of(TOLD)])


class Site:
    """A relay of this process that owns all shards, with the participant that it tells."""

    def __init__(self, hub: Hub, client: Client, relay: Relay, shards: Shards) -> None:
        self.hub = hub
        self.client = client
        self.relay = relay
        self.shards = shards

    async def segment(self, message: Message = TOLD) -> int:
        """Lay a segment into the outbox, as the write of an engine does."""
        payload = encode_segment([WholeEntry.of(message)])
        segment_id: int = await self.hub.database.fetchval(
            "insert into segment (shard, payload, mac) values ($1, $2, $3) returning id",
            SHARD,
            payload,
            self.hub.store_key.segment(SHARD, payload),
        )
        return segment_id

    async def is_empty(self) -> bool:
        return not await self.hub.database.fetchval("select count(*) from segment")

    async def published(self) -> None:
        """Let the relay work until it has published and marked everything."""

        async def is_done() -> bool:
            await self.relay.step()
            return await self.is_empty()

        await eventually(is_done, 10, "an empty outbox")


@pytest.fixture
async def site(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as exits:
        hub = await exits.enter_async_context(own_hub(stack, tmp_path))
        client = await hub.join("counter-a", ["counter"], [ONE_STOP])
        postgres = PostgresSettings.model_validate({"dsn": hub.dsn})
        sessions = [Session(postgres, name) for name in ("relay", "retry", "engine-1-shards")]
        for session in sessions:
            await session.open()
            exits.push_async_callback(session.close)
        settings = KafkaSettings.model_validate(
            {
                "bootstrap": stack.kafka_bootstrap,
                "user": hub.user,
                "password": hub.password,
                "prefix": hub.prefix,
            }
        )

        producer = Producer(lambda: kafka.producer(settings, "test-relay"), "relay")
        await producer.open()
        exits.push_async_callback(producer.close)
        master = MasterKey.from_file(hub.master_key_file)
        publisher = Publisher(producer, sessions[0], sessions[1], hub.prefix, master.store, tell_untrusted)
        shards = Shards(sessions[2], "engine-1", 4)
        stored = StoredSegments(sessions[0], master, tell_untrusted)
        relay = Relay(publisher, sessions[0], shards, stored, lambda _: None)
        await shards.tick(relay.is_busy)
        yield Site(hub, client, relay, shards)


async def told(site: Site) -> list[str]:
    """The ids of what was told, up to a message that comes behind all of it."""
    await site.segment(LAST)
    await site.published()

    def ids() -> list[str]:
        return [message.headers["ce_id"] for message in site.client.inbox]

    await eventually(lambda: "last" in ids(), 10, "the last message")
    return ids()


async def test_a_segment_published_and_marked_while_a_write_runs_is_not_taken_from_its_answer(
    site: Site,
) -> None:
    under_way = site.relay.outgoing()
    own, others = await site.segment(), await site.segment()
    await site.published()
    written = Written(
        fresh={SHARD: own},
        older=[Segment(others, SHARD, PAYLOAD, site.hub.store_key.segment(SHARD, PAYLOAD))],
    )
    site.relay.written(under_way, written, {SHARD: [TOLD]}, 0)
    await site.published()
    assert await told(site) == ["told", "told", "last"]


async def test_a_write_that_fails_meanwhile_changes_nothing(site: Site) -> None:
    under_way = site.relay.outgoing()
    await site.segment()
    await site.published()
    site.relay.not_written(under_way)
    await site.published()
    assert await told(site) == ["told", "last"]


async def test_a_shard_is_busy_until_what_was_published_is_marked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.outbox.relay._MARK_S", math.inf)
    await site.segment()
    await eventually(lambda: has_published(site), 10, "the message")
    assert not await site.is_empty()
    assert site.relay.is_busy(SHARD)
    marks = site.relay.outgoing()
    assert len(marks.published) == 1
    assert site.relay.is_busy(SHARD)
    site.relay.written(marks, Written({}, []), {}, 0)
    assert not site.relay.is_busy(SHARD)


async def test_what_another_engine_published_while_the_locks_were_lost_is_not_told_again(site: Site) -> None:
    await site.published()
    first, second = site.relay.outgoing(), await site.segment()
    site.relay.written(first, Written({SHARD: second}, []), {SHARD: [TOLD]}, 0)
    before = site.shards.epoch
    assert await end_session(site.hub, "engine-1-shards")
    await eventually(lambda: has_lost_its_locks(site, before), 10, "the end of the session")
    await site.hub.database.execute("delete from segment")  # as the other engine does, once it has told it
    await eventually(lambda: has_its_locks(site), 10, "the locks in a new session")
    assert await told(site) == ["last"]


async def has_lost_its_locks(site: Site, epoch: int) -> bool:
    """In a tick that finds the session gone, or in one that has a new session at once."""
    await has_its_locks(site)
    return site.shards.epoch > epoch


async def has_its_locks(site: Site) -> bool:
    with contextlib.suppress(*AWAY):
        await site.shards.tick(site.relay.is_busy)
    return SHARD in site.shards.owned


async def has_published(site: Site) -> bool:
    await site.relay.step()
    return bool(site.client.inbox)


async def test_a_relay_that_is_to_end_takes_up_nothing_new_however_much_others_write(site: Site) -> None:
    await site.segment()
    await eventually(lambda: has_published(site), 10, "the message")
    working = asyncio.create_task(keep_stepping(site))
    await site.relay.finish(10)
    working.cancel()
    await asyncio.wait([working])
    await site.segment(LAST)
    for _ in range(3):
        await site.relay.step()
    assert not site.relay.is_busy(SHARD)
    assert await site.hub.database.fetchval("select count(*) from segment") == 1, "it is the next owner's"


async def keep_stepping(site: Site) -> None:
    """As the engine's own task does until the process ends."""
    while True:
        await site.relay.step()
