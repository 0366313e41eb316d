"""One participant's floods end at its own budget, and others are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from hub.embedded.stack import StackAddress
from hub.participants import registry as participants
from hub.participants.registry import Participant
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, WITHDRAW
from tests.support.stack import librdkafka_settings
from tests.support.traffic import Traffic, metric, metric_becomes
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

MIB = 1 << 20


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1) as opened:
        yield opened


async def start(hub: Hub, **settings: str) -> HubProcess:
    engine = hub.engine("engine-1")
    engine.start(HUB_ENGINE__MAX_BATCH_RECORDS="100", **settings)
    await engine.ready()
    return engine


async def flooder_and_other(hub: Hub) -> tuple[Client, Traffic]:
    flooder = await hub.join("counter-z", ["counter"], [ONE_STOP])
    return flooder, Traffic(hub, [await hub.join("counter-a", ["counter"], [ONE_STOP])])


async def other_is_served(traffic: Traffic) -> None:
    for _ in range(5):
        await traffic.submit(traffic.clients[0])
    await traffic.answered()


async def refused(flooder: Client, count: int) -> None:
    """Requests about dossiers that do not exist."""
    await asyncio.gather(*(flooder.send(WITHDRAW, f"ref:{uuid4()}", {}) for _ in range(count)))


async def answered(hub: Hub, name: str) -> int:
    count: int = await hub.database.fetchval("select count(*) from inbox where participant = $1", name)
    return count


async def paused(engine: HubProcess, reason: str) -> None:
    def is_paused() -> bool:
        return any(line["reason"] == reason for line in engine.actions("participant_paused"))

    await eventually(is_paused, 30, f"a pause because of {reason}", engine.output)


async def test_refused_requests_end_at_a_brake_that_time_or_an_operator_lifts(hub: Hub) -> None:
    flooder, traffic = await flooder_and_other(hub)
    engine = await start(hub, HUB_BUDGET__REFUSED_PER_MINUTE="200")
    await refused(flooder, 3000)
    await paused(engine, "refused")
    await other_is_served(traffic)
    assert 200 < await answered(hub, "counter-z") < 1000
    await metric_becomes(engine, 1, "hub_participant_braked", participant="counter-z", reason="refused")
    status, output = await hub_command(hub.environment, "participants", "budget", "counter-z")
    assert (status, "braked: refused" in output) == (0, True), output
    status, output = await hub_command(hub.environment, "participants", "resume", "counter-z")
    assert status == 0, output

    async def is_done() -> bool:
        return await answered(hub, "counter-z") == 3000

    await eventually(is_done, 60, "all to be answered", engine.output)
    await metric_becomes(engine, 0, "hub_participant_braked", participant="counter-z")
    (action,) = await hub.database.fetch("select action, target, reason from operator_action")
    assert tuple(action) == ("participant.resumed", "counter-z", "refused")


async def test_a_brake_outlives_the_engine_and_ends_with_good_requests(hub: Hub) -> None:
    flooder, traffic = await flooder_and_other(hub)
    flooding = Traffic(hub, [flooder])
    first = await start(hub, HUB_BUDGET__REFUSED_PER_MINUTE="100")
    await refused(flooder, 140)
    await paused(first, "refused")

    async def is_stored() -> bool:
        return bool(await hub.database.fetchval("select count(*) from participant_brake"))

    await eventually(is_stored, 10, "the brake in the store", first.output)
    before = await answered(hub, "counter-z")
    assert await first.stop() == 0
    await hub.database.execute("update participant_brake set until = now() + interval '4 seconds'")
    second = hub.engine("engine-1", HUB_BUDGET__REFUSED_PER_MINUTE="100")
    second.start()
    await second.ready()
    await other_is_served(traffic)
    assert await answered(hub, "counter-z") <= before + 51
    for _ in range(20):
        await flooding.submit(flooder)
    await flooding.answered(90)

    async def is_trusted() -> bool:
        return await metric(second, "hub_participant_braked", participant="counter-z") == 0

    await eventually(is_trusted, 30, "the brake to end", second.output)


async def test_dead_letters_are_kept_whole_only_up_to_their_number_and_bytes(hub: Hub) -> None:
    flooder, traffic = await flooder_and_other(hub)
    limits = {"HUB_BUDGET__LETTERS": "150", "HUB_BUDGET__LETTER_BYTES": "400000"}
    engine = await start(hub, HUB_ENGINE__MALFORMED_LIMIT="100000", **limits)
    await asyncio.gather(*(flooder.publish({}, b"x", b"\xff" * 10_000) for _ in range(600)))

    async def are_buried() -> bool:
        return bool(await hub.database.fetchval("select count(*) from dead_letter") == 600)

    await eventually(are_buried, 60, "600 dead letters", engine.output)
    size = await hub.database.fetchval("select sum(octet_length(record)) from dead_letter")
    whole = await hub.database.fetchval("select count(*) from dead_letter where octet_length(record) > 10000")
    assert 0 < whole <= 30
    assert size < 400_000 + 600 * 500
    await other_is_served(traffic)
    shown = await hub.database.fetchval("select max(id) from dead_letter")
    status, output = await hub_command(hub.environment, "dead-letters", "show", str(shown))
    assert (status, "hub-value-sha256" in output) == (0, True), output


async def test_records_that_are_no_envelopes_end_at_a_brake(hub: Hub) -> None:
    flooder, traffic = await flooder_and_other(hub)
    engine = await start(hub, HUB_ENGINE__MALFORMED_LIMIT="50")
    await asyncio.gather(*(flooder.publish({}, b"x", b"no envelope") for _ in range(3000)))
    await paused(engine, "malformed")
    await other_is_served(traffic)
    assert await hub.database.fetchval("select count(*) from dead_letter") < 1000


async def test_a_small_batch_that_unpacks_to_much_stays_within_what_the_topic_may_keep(hub: Hub) -> None:
    traffic = Traffic(hub, [await hub.join("counter-a", ["counter"], [ONE_STOP])])
    bomber = Participant("counter-z", ("counter",), (ONE_STOP,), 1, kept_bytes=4 * MIB)
    password = await participants.add(hub.admin, hub.database, hub.store_key, bomber)
    engine = await start(hub)
    sent = await asyncio.to_thread(send_zeros, hub, password, 60)
    assert sent == 60 * 4
    await other_is_served(traffic)

    async def is_bounded() -> bool:
        start, end = await asyncio.to_thread(ends, hub, "in.counter-z")
        return end == sent and (end - start) * 200_000 <= 12 * MIB

    await eventually(is_bounded, 60, "the broker to delete what is over", engine.output)
    await other_is_served(traffic)


def send_zeros(hub: Hub, password: str, batches: int) -> int:
    """Batches of 4 records of 200 kB each, some hundred bytes packed; how many were taken. Blocks."""
    user = librdkafka_settings(hub.address, f"{hub.prefix}counter-z", password)
    producer = Producer(user | {"compression.type": "zstd", "linger.ms": 50, "batch.num.messages": 4})
    taken: list[object] = []
    for _ in range(batches):
        for _ in range(4):
            producer.produce(
                f"{hub.prefix}in.counter-z", bytes(200_000), on_delivery=lambda error, _: taken.append(error)
            )
        producer.flush(30)
    return sum(error is None for error in taken)


def ends(hub: Hub, topic: str) -> tuple[int, int]:
    consumer = Consumer(librdkafka_settings(hub.address) | {"group.id": "nobody"})
    try:
        partition = TopicPartition(hub.prefix + topic, 0)
        found: tuple[int, int] = consumer.get_watermark_offsets(partition, timeout=10)
        return found
    finally:
        consumer.close()


async def test_an_import_beyond_the_days_budget_goes_on_at_its_pace_until_the_budget_is_larger(
    hub: Hub,
) -> None:
    flooder, traffic = await flooder_and_other(hub)
    engine = await start(hub)
    status, output = await hub_command(
        hub.environment, "participants", "budget", "counter-z", "--records-per-day", "100"
    )
    assert (status, "its own" in output) == (0, True), output
    importing = Traffic(hub, [flooder])
    for _ in range(20):
        await importing.submit(flooder)
    await eventually(lambda: not importing.unanswered(), 30, "the first answers", engine.output)

    async def is_known() -> bool:
        return await metric(engine, "hub_budget_used_ratio", participant="counter-z", kind="records") >= 0.2

    await eventually(is_known, 30, "the use of the budget", engine.output)
    for _ in range(500):
        await importing.submit(flooder)
    await eventually(lambda: bool(engine.actions("participant_paced")), 30, "the pace", engine.output)
    await other_is_served(traffic)
    assert len(importing.unanswered()) > 100

    async def is_told() -> bool:
        used = await metric(engine, "hub_budget_used_ratio", participant="counter-z", kind="records")
        braked = await metric(engine, "hub_participant_braked", participant="counter-z", reason="budget")
        return used > 1 and braked == 1

    await eventually(is_told, 30, "the use and the brake in the metrics", engine.output)
    await hub_command(hub.environment, "participants", "budget", "counter-z", "--records-per-day", "100000")
    await importing.answered(60)
    assert len(importing.sent) == 520
