"""The core job: every contender does the same, in interleaved rounds, each on fresh topics and tables."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.arena import Arena, Bench, arena, settle_disk
from bench.contenders import Contender, Output
from bench.core_job import CoreEvent
from bench.events import Event, core_events, preload
from bench.failures import failed
from bench.measuring import CpuMeter, Watch, Window, outputs_of, peak_mib, window
from bench.peers.tables import TABLES
from bench.runners import Runner, bench_python, group_is_stable
from hub.participants.admission import GROUP
from tests.support.stack import kafka_admin

PARTITIONS = 6
SOURCE = "bench"
ORGANISATION = "000.12.35.H07"
_WARM_UP = 20
_LIMIT_S = 300.0


Fill = Callable[[Arena], Awaitable[None]]
"""Puts rows into a run's tables before anything starts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round does; `slow_events` are for contenders that work message by message."""

    events: int = 100_000
    slow_events: int = 3_000
    rounds: int = 3
    dossiers: int = 1_000
    duplicates: float = 0.01
    seed: int = 1
    batch: int = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender in one round; `events` counts inputs, so that leaving out repeats costs nobody."""

    contender: str
    round: int
    events: int
    events_per_s: float
    client_us: float
    postgres_us: float
    broker_us: float
    foreign_cores: float
    load: float
    seconds: float
    peak_mib: float


async def run_core(bench: Bench, contenders: Sequence[Contender], plan: Plan) -> list[Measured]:
    """All rounds: A B C A B C ...; a program that fails is named, and the others go on."""
    results: list[Measured] = []
    for number in range(plan.rounds):
        for contender in contenders:
            try:
                measured = await run_once(bench, contender, plan, number)
            except (RuntimeError, TimeoutError) as error:
                failed(f"core round {number + 1}/{plan.rounds} {contender.name}", error)
                continue
            results.append(measured)
            _tell(measured, plan.rounds)
    return results


def _tell(one: Measured, rounds: int) -> None:
    print(
        f"core round {one.round + 1}/{rounds} {one.contender:18} {one.events_per_s:9,.0f} ev/s  "
        f"us/ev client {one.client_us:6.1f} postgres {one.postgres_us:6.1f} broker {one.broker_us:5.1f}  "
        f"foreign {one.foreign_cores:.2f} cores",
        flush=True,
    )


async def run_once(
    bench: Bench, contender: Contender, plan: Plan, number: int, fill: Fill | None = None
) -> Measured:
    """One contender on fresh topics: start, warm up, hold, load, let go, measure, check the output."""
    count = plan.slow_events if contender.is_slow else plan.events
    events = core_events(count, plan.dossiers, plan.duplicates, plan.seed + number)
    warm_up = core_events(_WARM_UP * PARTITIONS, PARTITIONS * 4, 0.0, plan.seed + 10_000)
    async with arena(bench, partitions=PARTITIONS) as place:
        await place.register(SOURCE, "agency", (ORGANISATION,), PARTITIONS)
        if fill is not None:
            await fill(place)
        output = place.topic("dossier.facts")
        environments = await environments_of(place, contender, plan.batch)
        await settle_disk(bench)
        python = {"python": bench_python()} if contender.needs_bench_python else {}
        partitions = await place.partitions({output: PARTITIONS})
        async with place.reader() as reader:
            async with Runner(contender.module, environments, place.folder, **python) as runner:
                await ready(place, contender, runner)
                await load(place, warm_up)
                await _warm(reader, partitions, len(warm_up), runner)
                runner.hold()
                await load(place, events)
                expected = len({e.id for e in events}) if contender.is_exact else len(events)
                part = await _measure(bench, reader, partitions, runner, expected)
                memory = peak_mib(runner.pids)
            outputs = [contender.read(*record) async for record in everything(reader, partitions)]
            check_outputs(contender, outputs, warm_up, events, stored=fill is not None)
            if contender.is_hub:
                await _check_receipts(place, reader, events, len(warm_up))
    return _measured(contender, number, count, part, memory)


async def environments_of(place: Arena, contender: Contender, batch: int) -> list[dict[str, str]]:
    """The environment of each process; peers that use tables get them."""
    names = [f"engine-{number + 1}" for number in range(contender.processes)]
    if contender.is_hub:
        return [place.engine_environment(name, batch) for name in names]
    if contender.group == "message":
        database = await asyncpg.connect(place.hub.dsn)
        await database.execute(TABLES)
        await database.close()
    address = place.bench.address
    common = {
        "BENCH_BOOTSTRAP": address.kafka_bootstrap,
        "BENCH_USER": address.kafka_admin_user,
        "BENCH_PASSWORD": address.kafka_admin_password,
        "BENCH_IN": place.topic(f"in.{SOURCE}"),
        "BENCH_OUT": place.topic("dossier.facts"),
        "BENCH_GROUP": place.topic("peer"),
        "BENCH_DSN": place.hub.dsn,
    }
    if contender.group == "batch":
        common |= place.engine_environment("faststream", batch)
        common["BENCH_GROUP"] = place.topic(GROUP)
    return [common | part for part in _own_parts(place, contender)]


def _own_parts(place: Arena, contender: Contender) -> list[dict[str, str]]:
    """State folders, and the addresses of a bytewax cluster, whose processes share one recovery store."""
    is_cluster = contender.module.endswith("bytewax_flow")
    cluster = ",".join(f"127.0.0.1:{port}" for port in _free_ports(contender.processes))
    parts: list[dict[str, str]] = []
    for number in range(contender.processes):
        state = place.folder / ("state" if is_cluster else f"state-{number}")
        state.mkdir(exist_ok=True)
        part = {"BENCH_STATE": str(state), "BENCH_NUMBER": str(number)}
        parts.append(part | ({"BENCH_CLUSTER": cluster} if is_cluster and contender.processes > 1 else {}))
    return parts


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


async def ready(place: Arena, contender: Contender, runner: Runner) -> None:
    """The group has all members; programs without a group show it by their warm-up."""
    if contender.has_group:
        group = place.topic(GROUP if contender.is_hub or contender.group == "batch" else "peer")
        admin = kafka_admin(place.bench.address)
        await group_is_stable(admin, group, contender.processes, 60, runner)


async def load(place: Arena, events: list[Event]) -> None:
    """Write the events to the input topic."""
    async with place.producer() as producer:
        await preload(producer, [place.topic(f"in.{SOURCE}")], PARTITIONS, events, CoreEvent.type, [SOURCE])


async def _warm(
    reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition], expected: int, runner: Runner
) -> None:
    for _ in range(600):
        runner.check()
        if await outputs_of(reader, partitions) >= expected:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("the warm-up has not come through in 60 s")


async def _measure(
    bench: Bench,
    reader: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    runner: Runner,
    expected: int,
) -> Window:
    before = await outputs_of(reader, partitions)
    watch = Watch(reader, partitions, CpuMeter(bench, runner.pids), runner.check)
    runner.release()
    samples = await watch.until(before + expected, quiet_s=0.5, limit_s=_LIMIT_S)
    return window(samples)


def _measured(contender: Contender, number: int, events: int, part: Window, memory: float) -> Measured:
    counted = events * 0.9
    return Measured(
        contender=contender.name,
        round=number,
        events=events,
        events_per_s=counted / part.seconds,
        client_us=part.cpu.client / counted * 1e6,
        postgres_us=part.cpu.postgres / counted * 1e6,
        broker_us=part.cpu.broker / counted * 1e6,
        foreign_cores=part.cpu.foreign / part.seconds,
        load=os.getloadavg()[0],
        seconds=part.seconds,
        peak_mib=memory,
    )


def check_outputs(
    contender: Contender,
    outputs: Sequence[Output],
    warm_up: Sequence[Event],
    events: Sequence[Event],
    *,
    stored: bool = False,
) -> None:
    """Raise unless the ids are those of the input, and the events of a dossier numbered without a gap (pure).

    An id is there once, or as often as it was sent where repeats are not left out. A stored dossier has had
    its first event.
    """
    first = 2 if stored else 1
    found = Counter(output.id for output in outputs)
    sent = Counter(event.id for event in (*warm_up, *events))
    wanted = Counter(dict.fromkeys(sent, 1)) if contender.is_exact else sent
    if found != wanted:
        missing, too_many = sum((wanted - found).values()), sum((found - wanted).values())
        raise RuntimeError(f"{contender.name}: {missing} outputs missing, {too_many} too many")
    counts: dict[str, list[int]] = {}
    for dossier, count in (output.counted for output in outputs if output.counted):
        counts.setdefault(dossier, []).append(count)
    wrong = sum(sorted(own) != list(range(first, first + len(own))) for own in counts.values())
    if wrong:
        raise RuntimeError(f"{contender.name}: events of {wrong} dossiers are counted wrongly")


async def _check_receipts(
    place: Arena, reader: AIOKafkaConsumer, events: Sequence[Event], warm_up: int
) -> None:
    partitions = await place.partitions({place.topic(f"out.{SOURCE}"): PARTITIONS})
    receipts = await outputs_of(reader, partitions)
    if receipts != len(events) + warm_up:
        raise RuntimeError(f"{receipts} receipts for {len(events) + warm_up} requests")


async def everything(
    reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> AsyncIterator[tuple[dict[str, bytes], bytes]]:
    """Headers and value of all records that are there now."""
    ends: Mapping[TopicPartition, int] = await reader.end_offsets(partitions)
    reader.assign(list(partitions))
    await reader.seek_to_beginning(*partitions)
    open_partitions = {partition for partition in partitions if ends[partition] > 0}
    while open_partitions:
        fetched = await reader.getmany(*open_partitions, timeout_ms=1000, max_records=5000)
        for records in fetched.values():
            for record in records:
                yield dict(record.headers), record.value or b""
        for partition in tuple(open_partitions):
            if await reader.position(partition) >= ends[partition]:
                open_partitions.discard(partition)
    reader.unsubscribe()
