"""Three engines under a participant that writes whatever comes by chance, and killed over and over."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random, SystemRandom

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from hub.embedded.stack import StackAddress
from schemas.base import Role
from tests.support.clients import Client
from tests.support.fuzzed_records import RecordFuzzer, send_batch, send_record
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ACCEPT, AGENCY, CHECK, ONE_STOP, acceptance, hand_check, submission
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

PARTITIONS = 3
FOREIGNER = {"kind": "citizen", "name": "JANE SAMPLE", "travel_document": "X0000001"}
STRANGE: Mapping[Role, list[str]] = {"counter": [ONE_STOP], "agency": [AGENCY], "portal": [], "postal": []}
_PLACES = "select partition, next, stopped from intake_offset where topic = $1"


async def send_fuzzed(
    client: Client, fuzzer: RecordFuzzer, random: Random, count: int, *, has_batches: bool = False
) -> Counter[str]:
    """So many records, or batches with bits of them turned; counted by what the broker said of them."""
    said = Counter[str]()
    producer = AIOKafkaProducer(**client.settings, acks="all", enable_idempotence=False)
    await producer.start()
    try:
        for _ in range(count):
            try:
                if has_batches:
                    place = random.randrange(PARTITIONS)
                    await send_batch(producer, client.in_topic, place, fuzzer.draw_batch())
                else:
                    await send_record(producer, client.in_topic, fuzzer.draw())
                said["taken"] += 1
            except (KafkaError, OverflowError, ValueError) as error:
                said[type(error).__name__] += 1
    finally:
        await producer.stop()
    return said


async def kill_one(engines: list[HubProcess], random: Random) -> None:
    """Without a word, while the two others go on; it comes back."""
    engine = random.choice(engines)
    await engine.kill()
    await asyncio.sleep(random.random())
    engine.start()
    await engine.ready()


async def all_taken(hub: Hub, client: Client, evidence: Traffic) -> dict[int, str]:
    """Wait until each partition is read to its end or has stopped; why those that have."""
    places = [TopicPartition(client.in_topic, number) for number in range(PARTITIONS)]
    ends = await client._consumer.end_offsets(places)

    async def is_read() -> bool:
        rows = {row["partition"]: row for row in await hub.database.fetch(_PLACES, client.in_topic)}
        return all(
            place.partition in rows
            and (rows[place.partition]["stopped"] or rows[place.partition]["next"] >= end)
            for place, end in ends.items()
            if end > 0
        )

    await eventually(is_read, 60, "all records to be taken", evidence.evidence)
    rows = await hub.database.fetch(_PLACES, client.in_topic)
    return {row["partition"]: row["stopped"] for row in rows if row["stopped"] is not None}


async def fuzzed(stack: StackAddress, folder: Path, seed: int, rounds: int, count: int) -> None:
    """`rounds` times `count` records of each role, as many batches, and an engine killed."""
    print(f"seed {seed}")
    random = Random(seed)  # noqa: S311  a test that can be repeated
    async with own_hub(stack, folder, partitions=PARTITIONS) as hub:
        honest = await hub.join("counter-a", ["counter"], [ONE_STOP])
        turning = await hub.join("counter-c", ["counter"], [ONE_STOP])
        strange = {name: await hub.join(f"{name}-b", [name], of) for name, of in STRANGE.items()}
        population = await hub.join("population", ["population"])
        traffic = Traffic(hub, [honest, population])
        engines = [await hub.start_engine(f"engine-{number}") for number in (1, 2, 3)]
        dossiers = await traffic.dossiers(honest, 10)
        for _ in range(15):  # for the others to do with as they like
            reference = f"ref:{await traffic.submit(honest, data=submission(applicant=FOREIGNER))}"
            await traffic.send(honest, CHECK, reference, hand_check(FOREIGNER))
            await traffic.send(honest, ACCEPT, reference, acceptance())
        await traffic.answered()
        fuzzers = {
            client.name: RecordFuzzer(seed + number, client, role, PARTITIONS)
            for number, (role, client) in enumerate(strange.items())
        }
        bits = RecordFuzzer(seed, turning, "counter", PARTITIONS)
        records, batches = Counter[str](), Counter[str]()
        for _ in range(rounds):
            known = {str(row["id"]) for row in await hub.database.fetch("select id from dossier")}
            for fuzzer in fuzzers.values():
                fuzzer.subjects += sorted(known - set(dossiers) - set(fuzzer.subjects))
            sending = [
                asyncio.create_task(send_fuzzed(client, fuzzers[client.name], random, count))
                for client in strange.values()
            ]
            await traffic.verify(honest, dossiers, 2)
            killing = asyncio.create_task(kill_one(engines, random))
            await traffic.verify(honest, dossiers, 3)
            for task in sending:
                records += await task
            batches += await send_fuzzed(turning, bits, random, count, has_batches=True)
            await killing
        for client in strange.values():
            assert await all_taken(hub, client, traffic) == {}
        stopped = await all_taken(hub, turning, traffic)
        print(f"records {records}; batches {batches}, stopped {stopped}")
        assert all(why.startswith("corrupt: ") for why in stopped.values())
        assert min(records["taken"], batches["taken"]) > rounds * count // 10
        await traffic.check(least_told=rounds * 50, are_single=False)
        await Traffic(hub, [turning, *strange.values()]).check_order(are_single=False)
        assert [engine.exit_status for engine in engines] == [None] * 3
        status, told = await hub_command(hub.environment, "verify")
        assert (status, told.startswith("0 rows ")) == (0, True), told
        status, told = await hub_command(hub.environment, "failures")
        print(told)
        print(await hub.database.fetch("select type, count(*) from fact group by type order by 2 desc"))
        assert "poison.crash" not in told
        assert await hub.database.fetchval("select count(*) from parked_request") == 0


@pytest.mark.long
async def test_three_engines_that_are_killed_read_what_comes_by_chance_and_keep_order(
    stack: StackAddress, tmp_path: Path
) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or SystemRandom().randrange(2**32))
    await fuzzed(stack, tmp_path, seed, int(os.environ.get("FUZZ_ROUNDS") or 3), 60)
