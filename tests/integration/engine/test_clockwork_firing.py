"""The clockwork: each timer counts once, in order, and never before what came in time is processed."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, WITHDRAW, submission
from tests.support.stack import aiokafka_settings
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

NEAR = "onestop.deadline.near.v1"
MISSED = "onestop.deadline.missed.v1"
ONLINE = submission(channel="online", return_channel="online")


async def lodge(traffic: Traffic, counter: Client, count: int) -> list[str]:
    """Dossiers from the internet: each has a timer at the end of 8 working hours."""
    ids = [await traffic.submit(counter, data=ONLINE) for _ in range(count)]
    await traffic.answered()
    return [str(traffic.receipts(counter, event_id)[0].data["dossier"]) for event_id in ids]


async def move_clock(hub: Hub, shift: timedelta) -> None:
    """What the conductor does: from now on legal time is the machine's time and `shift`."""
    await hub.database.execute("insert into clock_step (from_time, shift) values (now(), $1)", shift)
    await hub.database.execute("update configuration_version set version = version + 1 where kind = 'clock'")


async def missed(traffic: Traffic) -> Counter[str]:
    return Counter(body["dossier"] for body in await traffic.facts() if body["type"] == MISSED)


async def all_missed(traffic: Traffic, dossiers: list[str]) -> None:
    async def have_all() -> bool:
        return set(await missed(traffic)) == set(dossiers)

    await eventually(have_all, 30, "all timers to count", traffic.evidence)


async def fired(stack: StackAddress, hub: Hub) -> list[tuple[int, str, dict[str, Any]]]:
    """Partition, time and value of every event of the clockwork, as the broker has them."""
    consumer = AIOKafkaConsumer(**aiokafka_settings(stack), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(f"{hub.prefix}in.hub", number) for number in range(hub.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            for fetched in (await consumer.getmany(timeout_ms=1000)).values():
                records.extend(fetched)
        return [
            (record.partition, dict(record.headers)["ce_id"].decode(), record.value) for record in records
        ]
    finally:
        await consumer.stop()


async def test_timers_that_came_due_while_the_engine_was_down_count_once_and_in_order(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers = await lodge(traffic, counter, 6)
        await move_clock(hub, timedelta(days=1))
        dossiers += await lodge(traffic, counter, 6)
        assert await engine.stop() == 0
        await move_clock(hub, timedelta(days=14))
        engine.start()
        await all_missed(traffic, dossiers)
        await traffic.check(least_told=24)
        assert set((await missed(traffic)).values()) == {1}
        due = await hub.database.fetch(
            "select time, dossier_id::text as id from fact where type = $1", MISSED
        )
        assert len(due) == 12
        events = await fired(stack, hub)
        assert len({event_id for _, event_id, _ in events}) == 24  # a warning and a miss of each
        near = await hub.database.fetchval("select count(*) from fact where type = $1", NEAR)
        assert near == 12
        for partition in range(hub.partitions):
            values = [value for number, _, value in events if number == partition]
            assert values == sorted(values, key=due_time)
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said


def due_time(value: Any) -> str:
    text: bytes = value
    return text.partition(b'"due_at":"')[2].decode()[:24]


async def test_an_event_that_came_in_time_and_waits_in_the_backlog_is_never_recorded_as_missed(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        timely, late = await lodge(traffic, counter, 2)
        assert await engine.stop() == 0
        for _ in range(30):
            await traffic.verify(counter, [late] * 50)
        await traffic.send(counter, WITHDRAW, timely, {})
        await move_clock(hub, timedelta(days=14))
        engine.start(HUB_ENGINE__MAX_BATCH_RECORDS="10")
        await all_missed(traffic, [late])
        await traffic.check()
        assert await missed(traffic) == {late: 1}
        types = [body["type"] for body in await traffic.facts() if body["dossier"] == timely]
        assert types == ["onestop.dossier.submitted.v1", "onestop.dossier.withdrawn.v1"]


async def test_a_crash_between_firing_and_the_fact_neither_loses_nor_repeats_a_timer(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers: list[str] = []
        for days, point in ((14, "after_fire:1"), (28, "before_commit:1")):
            dossiers += await lodge(traffic, counter, 5)
            assert await engine.stop() == 0
            await move_clock(hub, timedelta(days=days))
            engine.start(HUB_CRASH_AT=point)
            assert await engine.ended() == -9
            engine.start()
            await all_missed(traffic, dossiers)
        await traffic.check()
        assert await missed(traffic) == dict.fromkeys(dossiers, 1)


async def test_a_stopped_partition_holds_the_timers_back_until_its_gap_is_accepted(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        other = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, other])
        engine = await hub.start_engine()
        (dossier,) = await lodge(traffic, counter, 1)
        assert await engine.stop() == 0
        await hub.database.execute(
            "update intake_offset set stopped = 'truncated: by the test' where topic = $1", other.in_topic
        )
        await move_clock(hub, timedelta(days=14))
        engine.start()
        await traffic.verify(counter, [dossier])
        await traffic.answered()
        assert await missed(traffic) == {}
        assert await hub.database.fetchval("select count(*) from timer where fired_at is not null") == 0
        await hub.database.execute("update intake_offset set stopped = null")
        await all_missed(traffic, [dossier])


async def answered(hub: Hub, name: str) -> int:
    count: int = await hub.database.fetchval("select count(*) from inbox where participant = $1", name)
    return count


async def refused(client: Client, count: int) -> None:
    """Requests about dossiers that do not exist."""
    await asyncio.gather(*(client.send(WITHDRAW, f"ref:{uuid4()}", {}) for _ in range(count)))


async def test_who_is_held_back_by_its_own_doing_holds_no_timers_of_others(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as hub:
        names = ("counter-a", "counter-b", "counter-c", "counter-d")
        counter, braked, damaged, paced = [await hub.join(name, ["counter"], [ONE_STOP]) for name in names]
        await hub.database.execute(
            "insert into participant_budget (participant, records_per_day) values ('counter-d', 5)"
        )
        traffic = Traffic(hub, [counter])
        limits = {"HUB_BUDGET__REFUSED_PER_MINUTE": "100", "HUB_ENGINE__TIMERS_WAIT_S": "1"}
        engine = await hub.start_engine(**limits)
        timely, late = await lodge(traffic, counter, 2)
        await refused(paced, 20)
        await refused(braked, 3000)
        await eventually(lambda: bool(engine.actions("participant_paced")), 30, "the pace", engine.output)
        await eventually(lambda: bool(engine.actions("participant_paused")), 30, "the brake", engine.output)
        await refused(paced, 100)
        await hub.database.execute(
            "update intake_offset set stopped = 'corrupt: by the test' where topic = $1", damaged.in_topic
        )
        await traffic.send(counter, WITHDRAW, timely, {})
        await move_clock(hub, timedelta(days=14))
        await all_missed(traffic, [late])
        assert await answered(hub, "counter-b") < 3000
        assert await answered(hub, "counter-d") < 120
        for name in names:
            passed = await metric(engine, "hub_timers_passed_over_total", participant=name)
            assert passed == (name != "counter-a")
