"""Records in an adapter's topic that are no message become dead letters; what follows is delivered."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from hub.embedded.stack import StackAddress
from tests.integration.participants.test_foreign_clients import NEW_LIBRDKAFKA
from tests.support.delivery_worlds import PREFIX, World, delivery_world, running, until
from tests.support.stack import librdkafka_settings


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_nulls_and_marks_of_transactions_stop_nothing(world: World, stack: StackAddress) -> None:
    await asyncio.to_thread(write_nulls, stack, f"{PREFIX}out.{world.name}", world.name)
    await world.send(1)
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])
        await until(lambda: world.metric("hub_dead_letters", reason="malformed") == 3)


def write_nulls(stack: StackAddress, topic: str, name: str) -> None:
    producer = Producer(librdkafka_settings(stack) | {"transactional.id": name})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, None, key=None)
    producer.produce(topic, b"{}", key=b"k", headers=[("ce_id", None), ("x", None)])
    producer.produce(topic, b"{}", key=b"\xff", headers=[("ce_specversion", b"1.0")])
    producer.commit_transaction(20)


@pytest.mark.needs("kcat")
async def test_a_header_whose_name_is_no_utf_8_stops_nothing(
    world: World, stack: StackAddress, tmp_path: Path
) -> None:
    await world.send(1)
    topic = f"{PREFIX}out.{world.name}"
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])
        await asyncio.to_thread(write_bytes, stack, topic, tmp_path)
        await world.send(2)
        await until(lambda: world.effects() == ["m-1", "m-2"])
    async with running(world):
        await world.send(3)
        await until(lambda: world.effects() == ["m-1", "m-2", "m-3"])


def write_bytes(stack: StackAddress, topic: str, folder: Path) -> None:
    settings = librdkafka_settings(stack)
    (folder / "kcat.conf").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    (folder / "value").write_bytes(b"{}")
    lent = {"LD_PRELOAD": str(NEW_LIBRDKAFKA)} if NEW_LIBRDKAFKA is not None else {}
    subprocess.run(
        ["bash", "-c", rf"kcat -F kcat.conf -P -t {topic} -p 0 -k k -H $'\xff\xfe=1' value"],
        cwd=folder, check=True, timeout=60, env=lent | {"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
