"""Topics that change under the engine, and a participant that sends garbage."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from hub.embedded.stack import StackAddress
from hub.engine.intake.positions import accept_gap
from hub.kafka.log_inspector import LogEnds
from hub.kafka.topics import IN
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.stack import kafka_admin
from tests.support.traffic import Traffic, metric_becomes
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


async def stopped(hub: Hub, topic: str) -> str:
    rows = await hub.database.fetch("select stopped from intake_offset where topic = $1", topic)
    return next((row["stopped"] for row in rows if row["stopped"] is not None), "")


async def stops(hub: Hub, topic: str) -> str:
    async def has_stopped() -> bool:
        return await stopped(hub, topic) != ""

    await eventually(has_stopped, 30, "the partition to stop", hub.processes[0].output)
    return await stopped(hub, topic)


async def accept(hub: Hub, client: Client, start: int, end: int) -> str | None:
    topic_id = (await asyncio.to_thread(hub.admin.topic_ids, [client.in_topic]))[client.in_topic]
    return await accept_gap(hub.database, (client.in_topic, 0), LogEnds(topic_id, start, end), hub.store_key)


async def test_records_that_are_gone_stop_their_partition_until_the_gap_is_accepted(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        cut, whole = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        traffic = Traffic(hub, [cut, whole])
        engine = await hub.start_engine()
        await traffic.submit(cut)
        await traffic.answered()
        assert await engine.stop() == 0
        gone = [await traffic.submit(cut) for _ in range(3)]
        await traffic.submit(cut)
        admin = kafka_admin(stack)
        for future in admin.delete_records([TopicPartition(cut.in_topic, 0, 4)]).values():
            await asyncio.to_thread(future.result, 10)
        for event_id in gone:
            del traffic.sent[(cut.name, event_id)]
        engine.start()
        assert await stops(hub, cut.in_topic) == "lost: offsets 1 to 3 are gone from the log"
        await traffic.submit(whole)
        await eventually(lambda: len(traffic.unanswered()) == 1, 20, "the other topic", traffic.evidence)
        (line,) = engine.actions("partition_stopped")[:1]
        assert (line["topic"], line["partition"]) == (cut.in_topic, 0)
        await metric_becomes(engine, 1, "hub_partition_stopped", topic=cut.in_topic)
        assert await accept(hub, cut, 4, 5) == "lost: offsets 1 to 3 are gone from the log"
        await traffic.check()


async def test_a_topic_that_was_made_again_is_read_only_after_an_operator_accepts_it(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        renewed, other = [
            await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")
        ]
        traffic = Traffic(hub, [renewed, other])
        engine = await hub.start_engine()
        await renewed.publish({}, b"x", b"no envelope")
        for _ in range(2):
            await traffic.submit(renewed)
        await traffic.answered()
        await asyncio.to_thread(hub.admin.delete_topics, [renewed.in_topic])
        await asyncio.to_thread(hub.admin.create_topic, renewed.in_topic, 1, IN)
        reason = await stops(hub, renewed.in_topic)
        assert reason.startswith("recreated: stored topic id ")
        assert reason.endswith("stored next offset 3")
        await renewed.publish({}, b"x", b"no envelope")  # at the place of the one before
        for _ in range(5):
            await traffic.submit(renewed)
            await traffic.submit(other)
        await eventually(lambda: len(traffic.unanswered()) == 5, 20, "the other topic", traffic.evidence)
        assert await accept(hub, renewed, 0, 6) == reason
        await traffic.check()
        places = await hub.database.fetch("select topic, at_offset from dead_letter")
        assert [tuple(row) for row in places] == [(renewed.in_topic, 0)] * 2
        assert engine.exit_status is None


async def test_garbage_at_full_speed_pauses_its_sender_and_nobody_else(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        garbage = await hub.join("counter-z", ["counter"], [ONE_STOP])
        counters = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        traffic = Traffic(hub, counters)
        engine = hub.engine()
        engine.start(HUB_ENGINE__MALFORMED_LIMIT="100")
        await engine.ready()
        is_over = asyncio.Event()
        sent = 0

        async def litter() -> None:
            nonlocal sent
            while not is_over.is_set():
                await asyncio.gather(*(garbage.publish({}, b"x", b"no envelope") for _ in range(200)))
                sent += 200

        littering = asyncio.create_task(litter())
        await eventually(lambda: bool(engine.actions("participant_paused")), 20, "a pause", engine.output)
        dossiers = await traffic.dossiers(counters[0], 10)
        await asyncio.gather(*(traffic.verify(counter, dossiers, 10) for counter in counters))
        await traffic.answered()
        is_over.set()
        await littering
        assert {line["participant"] for line in engine.actions("participant_paused")} == {"counter-z"}
        letters = await hub.database.fetchval("select count(*) from dead_letter")
        assert 100 < letters < sent
        await traffic.check()
