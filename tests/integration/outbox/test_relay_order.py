"""The relay: order per dossier through stalls and take-overs, and topics that cannot be written."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from hub.embedded.stack import StackAddress
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP
from tests.support.stack import create_topic, kafka_admin
from tests.support.traffic import Traffic, end_session, metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

BACKLOG = 2_000
"""Requests without a receipt: always enough to do, and never more than a stop of an engine can wait for."""


def is_stopped(process: HubProcess) -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


@pytest.mark.parametrize(
    ("point", "ended_by"),
    [("before_publish:3", "test"), ("after_commit:5", "test"), ("before_publish:6", "other engine")],
)
async def test_an_engine_that_stalls_with_an_unpublished_segment_breaks_no_order_when_it_wakes_up(
    stack: StackAddress, tmp_path: Path, point: str, ended_by: str
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counters = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        population = await hub.join("population", ["population"])
        traffic = Traffic(hub, [*counters, population])
        awake = await hub.start_engine("engine-2")
        dossiers = await traffic.dossiers(counters[0], 8)
        stalled = hub.engine("engine-1")
        stalled.start(HUB_CRASH_AT=f"stop:{point}", HUB_ENGINE__MAX_BATCH_RECORDS="10")
        while not is_stopped(stalled):
            await asyncio.gather(*(traffic.verify(counter, dossiers) for counter in counters))
            await eventually(lambda: traffic.backlog() <= BACKLOG or is_stopped(stalled), 60, "room for more")
        if ended_by == "test":
            assert await end_session(hub, "engine-1-shards")
        await asyncio.gather(*(traffic.verify(counter, dossiers, 5) for counter in counters))
        await traffic.answered()
        if ended_by != "test":
            assert [line["engine"] for line in awake.actions("silent_engine_ended")] == ["engine-1"]
        stalled.signal(signal.SIGCONT)
        await asyncio.gather(*(traffic.verify(counter, dossiers, 5) for counter in counters))
        await eventually(lambda: is_sharing(stalled), 20, "the woken engine to have shards", stalled.output)
        await asyncio.gather(*(traffic.verify(counter, dossiers, 5) for counter in counters))
        await traffic.check(least_told=200)
        assert stalled.exit_status is None, stalled.output()


async def test_shards_that_are_handed_over_under_load_tell_nothing_twice(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        told = await hub.join("population", ["population"])
        traffic = Traffic(hub, [counter, told])
        await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 40)
        is_over = asyncio.Event()

        async def publish() -> None:
            while not is_over.is_set():
                await traffic.verify(counter, dossiers)
                while traffic.backlog() > BACKLOG:  # noqa: ASYNC110  a counter, no event
                    await asyncio.sleep(0.01)

        publishing = asyncio.create_task(publish())
        for number in range(4):
            joining = hub.engine(f"engine-{2 + number}")
            joining.start()
            await joining.ready()
            await eventually(partial(is_sharing, joining), 20, "a share", joining.output)
            assert await joining.stop() == 0
        is_over.set()
        await publishing
        await traffic.check(least_told=500)
        for client in (counter, told):
            records = {(m.partition, m.offset): m.headers["ce_id"] for m in client.inbox}
            assert len(set(records.values())) == len(records), f"{client.name} was told twice"


async def is_sharing(engine: HubProcess) -> bool:
    return await metric(engine, "hub_shards_owned") == 2


def deny_writing(admin: AdminClient, hub: Hub, topic: str) -> None:
    denied = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{hub.user}",
        "*",
        AclOperation.WRITE,
        AclPermissionType.DENY,
    )
    for future in admin.create_acls([denied]).values():
        future.result(10)


def allow_writing(admin: AdminClient, hub: Hub, topic: str) -> None:
    denials = AclBindingFilter(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{hub.user}",
        None,  # type: ignore[arg-type]  # any host
        AclOperation.WRITE,
        AclPermissionType.DENY,
    )
    for future in admin.delete_acls([denials]).values():
        future.result(10)


async def test_a_topic_that_must_not_be_written_blocks_itself_only_and_catches_up_in_order(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        free, barred = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        told = await hub.join("population", ["population"])
        traffic = Traffic(hub, [free, barred, told])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(free, 8)
        admin = kafka_admin(stack)
        for is_restarted in (False, True):
            for topic in (barred.out_topic, told.out_topic):
                deny_writing(admin, hub, topic)
            await traffic.verify(barred, dossiers)
            await traffic.verify(free, dossiers, 5)
            await eventually(lambda: is_blocked(engine, 2), 20, "the topic to be blocked", engine.output)
            await eventually(
                lambda: all(name == barred.name for name, _ in traffic.unanswered()), 20, "the free one"
            )
            assert len(traffic.unanswered()) > 0
            if is_restarted:
                assert await engine.stop() == 0
                engine.start()
            await traffic.verify(free, dossiers, 2)
            await eventually(lambda: is_patient(engine), 20, "the retries to be rare", engine.output)
            for topic in (barred.out_topic, told.out_topic):
                allow_writing(admin, hub, topic)
            await traffic.verify(barred, dossiers, 2)
            await traffic.check(least_told=50)
            await eventually(lambda: is_free(hub, engine), 20, "nothing to be blocked", engine.output)
            blocked = len(engine.actions("topic_blocked"))
            await traffic.verify(barred, dossiers, 2)
            await traffic.check()
            assert len(engine.actions("topic_blocked")) == blocked


def is_patient(engine: HubProcess) -> bool:
    """Whether the next try comes later than everything that the test does before it."""
    return any(line["next_try_s"] == 4.0 for line in engine.actions("topic_still_blocked"))


async def is_blocked(engine: HubProcess, topics: int) -> bool:
    return await metric(engine, "hub_topics_blocked") == topics


async def is_free(hub: Hub, engine: HubProcess) -> bool:
    waiting = await hub.database.fetchval("select count(*) from blocked_message")
    return not waiting and await metric(engine, "hub_topics_blocked") == 0


async def test_a_deleted_topic_holds_nobody_up_and_gets_what_waited_when_it_is_there_again(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        free = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.register("population", ["population"])
        traffic = Traffic(hub, [free])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(free, 4)
        admin, topic = kafka_admin(stack), f"{hub.prefix}out.population"
        await asyncio.to_thread(hub.admin.delete_topics, [topic])
        await traffic.verify(free, dossiers, 10)
        await traffic.check()
        await eventually(lambda: is_blocked(engine, 1), 20, "the topic to be blocked", engine.output)
        create_topic(admin, topic, 2)
        await eventually(lambda: is_free(hub, engine), 40, "nothing to be blocked", engine.output)
