"""Three brokers under load: one is killed, then two; nothing is lost, and nothing is pretended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from hub.embedded.state import BROKERS, Server
from hub.errors import StartupError
from tests.support.breakable import breakable_hub, breakable_stack
from tests.support.hubs import Hub
from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, VERIFY, verification
from tests.support.stack import REPOSITORY, kafka_admin
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

SILENT_S = 4.0
"""Longer than the brokers need to answer a write, and than the engine to try again."""


def test_an_even_number_of_brokers_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"^brokers: 2 is neither 1 nor 3$"):
        embedded.up(tmp_path / "home", brokers=2)
    assert not (tmp_path / "home" / "embedded.json").exists()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, StackAddress]]:
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    with breakable_stack(tmp_path, brokers=3) as made:
        yield made


@pytest.mark.long
async def test_three_brokers_lose_one_without_a_pause_and_two_without_a_loss(
    cluster: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = cluster
    assert [server.state for server in embedded.status(home)] == ["ready"] * 4
    with pytest.raises(StartupError, match="was made with --brokers 3"):
        embedded.up(home, brokers=1)
    async with breakable_hub(address, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        assert copies_wanted(hub) == {"2"}
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 10)

        publishing = asyncio.create_task(traffic.verify(counter, dossiers, 20))
        await eventually(lambda: len(traffic.sent) > 100, 20, "some load")
        await kill(home, "kafka-2")
        await publishing
        await traffic.verify(counter, dossiers, 2)
        await traffic.answered()
        assert await is_ready(engine, wanted=True)
        assert not has_all_copies(hub)
        await start(home, "kafka-2")
        await eventually(lambda: has_all_copies(hub), 40, "all copies after the first loss", engine.output)

        await without_a_majority(home, hub, traffic, engine, dossiers[0])
        await traffic.verify(counter, dossiers, 2)
        await traffic.check(least_told=200)
        assert engine.exit_status is None
        assert len(engine.actions("engine_started")) == 1


async def without_a_majority(
    home: Path, hub: Hub, traffic: Traffic, engine: HubProcess, dossier: str
) -> None:
    """Two are killed: nothing is acknowledged and the engine says that it cannot work, until one is back."""
    counter = traffic.clients[0]
    await asyncio.gather(kill(home, "kafka"), kill(home, "kafka-3"))
    waiting = asyncio.create_task(traffic.send(counter, VERIFY, dossier, verification()))
    await eventually(lambda: is_ready(engine, wanted=False), 20, "readiness to fall", engine.output)
    end = asyncio.get_running_loop().time() + SILENT_S
    while asyncio.get_running_loop().time() < end:
        assert await is_ready(engine, wanted=False)
        assert not waiting.done(), "acknowledged by one of three"
    assert len(traffic.unanswered()) == 1
    await start(home, "kafka")
    await eventually(lambda: is_ready(engine, wanted=True), 40, "readiness with two of three", engine.output)
    await waiting
    await traffic.answered()
    await start(home, "kafka-3")
    await eventually(lambda: has_all_copies(hub), 40, "all copies after the second loss", engine.output)


async def kill(home: Path, broker: Server) -> None:
    await asyncio.to_thread(embedded.stop_kafka, home, kill=True, broker=broker)


async def start(home: Path, broker: Server) -> None:
    await asyncio.to_thread(embedded.start_kafka, home, broker=broker)


def has_all_copies(hub: Hub) -> bool:
    """Whether every partition, those of Kafka's own topics too, is held in step by all three."""
    try:
        topics = kafka_admin(hub.address).list_topics(timeout=5).topics
    except KafkaException:
        return False
    partitions = [partition for topic in topics.values() for partition in topic.partitions.values()]
    assert {f"{hub.prefix}in.counter-a", f"{hub.prefix}in.hub", "__consumer_offsets"} <= topics.keys()
    assert {len(partition.replicas) for partition in partitions} == {len(BROKERS)}
    return all(len(partition.isrs) == len(BROKERS) for partition in partitions)


def copies_wanted(hub: Hub) -> set[str]:
    """How many copies must be written before a record of the hub's topics is acknowledged."""
    admin = kafka_admin(hub.address)
    names = [name for name in admin.list_topics(timeout=5).topics if name.startswith(hub.prefix)]
    asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
    return {str(future.result(timeout=5)["min.insync.replicas"].value) for future in asked.values()}


async def is_ready(engine: HubProcess, *, wanted: bool) -> bool:
    async with plain_http(10) as client:
        return ((await client.get(f"{await engine.url()}/readyz")).status_code == 200) is wanted
