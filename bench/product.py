"""The product job: the real rules on four topics, everything on, beside the copy loop on the same bytes."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer

from bench.arena import Arena, Bench, arena, drop_database, settle_disk
from bench.core import everything
from bench.events import preload_topic
from bench.failures import failed
from bench.measuring import CpuMeter, Watch, Window, outputs_of, peak_mib, resident_mib, window
from bench.product_events import (
    EVENTS_PER_DOSSIER,
    ORGANISATIONS,
    PARTITIONS,
    ROLES,
    Dossier,
    Maker,
    Planned,
    dossiers,
    measured_run,
    of_topic,
    prelude,
    warm_up,
)
from bench.runners import Runner, group_is_stable
from hub.participants.admission import GROUP
from tests.support.stack import kafka_admin, own_name

_OWN_PARTITIONS = 4
_LIMIT_S = 300.0
_WARM_UP = 40
ALIASES = "select alias, dossier_id::text from alias where alias like 'ref:%'"
OPEN_WORK = """
select coalesce(sum(next), 0), (select count(*) from segment)
from intake_offset where topic not like '%in.hub'
"""


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """What the rounds do; `events` is rounded to whole dossiers."""

    events: int = 50_000
    rounds: int = 3
    duplicates: tuple[float, ...] = (0.01, 0.30)
    batch: int = 500
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ProductMeasured:
    """One program in one round; `outputs` are receipts, facts and messages to receivers."""

    program: str
    round: int
    duplicates: float
    events: int
    bytes_per_event: float
    outputs: int
    events_per_s: float
    client_us: float
    postgres_us: float
    broker_us: float
    foreign_cores: float
    idle_mib: float
    peak_mib: float
    accepted: int
    refused: int
    repeated: int
    batches: int
    misses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one run from outside; memory is the sum over the program's processes."""

    part: Window
    outputs: int
    idle_mib: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database to copy, in which the dossiers stand where the run needs them, and its master key."""

    template: str
    key: Path
    dossiers: list[Dossier]


@asynccontextmanager
async def prepared(bench: Bench, per_group: int, batch: int, seed: int) -> AsyncIterator[Prepared]:
    """Bring the dossiers to their stages with a real engine, once for all rounds."""
    all_dossiers = dossiers(per_group, seed)
    template, server = own_name("template"), await asyncpg.connect(bench.address.postgres_dsn)
    key = Path(os.environ.get("TMPDIR", "/tmp")) / f"{template}.key"  # noqa: S108  random name, deleted below
    try:
        async with arena(bench, partitions=_OWN_PARTITIONS) as place:
            await register(place)
            async with _engines(place, 1, batch):
                await _bring(place, all_dossiers, seed)
            key.write_bytes(place.hub.master_key_file.read_bytes())
            key.chmod(0o600)
            source = place.hub.dsn.rpartition("/")[2]
            await place.hub.database.close()
            await server.execute(f'create database "{template}" template "{source}"')
            place.hub.database = await asyncpg.connect(place.hub.dsn)
        yield Prepared(template, key, all_dossiers)
    finally:
        await drop_database(server, template)
        await server.close()
        key.unlink(missing_ok=True)


async def register(place: Arena) -> None:
    """The four participants."""
    for name, partitions in PARTITIONS.items():
        await place.register(name, ROLES[name], ORGANISATIONS[name], partitions)


@asynccontextmanager
async def _engines(place: Arena, count: int, batch: int) -> AsyncIterator[Runner]:
    environments = [place.engine_environment(f"engine-{number + 1}", batch) for number in range(count)]
    async with Runner("hub.cli.main", environments, place.folder, arguments=("run", "engine")) as runner:
        admin = kafka_admin(place.bench.address)
        await group_is_stable(admin, place.topic(GROUP), count, 60, runner)
        yield runner


async def _bring(place: Arena, all_dossiers: Sequence[Dossier], seed: int) -> None:
    maker, sent = Maker.of("prelude", seed), 0
    for wave in range(4):
        planned = prelude(all_dossiers, wave, maker)
        await load(place, planned)
        sent += len(planned)
        await _done(place, sent)
        if wave == 0:
            rows = await place.hub.database.fetch(ALIASES)
            ids = {row["alias"]: row["dossier_id"] for row in rows}
            for dossier in all_dossiers:
                if dossier.group != "fresh":
                    dossier.id = ids[f"ref:{dossier.counter}:{dossier.ref.removeprefix('ref:')}"]
    print(
        f"product prelude: {sent:,} events brought {len(all_dossiers):,} dossiers to their stages", flush=True
    )


async def load(place: Arena, planned: Sequence[Planned]) -> None:
    """Write the events to their topics."""
    async with place.producer() as producer:
        for topic, partitions in PARTITIONS.items():
            rows = [(one.event, one.type) for one in of_topic(planned, topic)]
            if rows:
                await preload_topic(producer, place.topic(f"in.{topic}"), partitions, rows, topic)


async def _done(place: Arena, sent: int) -> None:
    """All requests are decided and everything is published."""
    for _ in range(6000):
        done, waiting = await place.hub.database.fetchrow(OPEN_WORK)  # type: ignore[misc]  # always one row
        if done >= sent and waiting == 0:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{done} of {sent} requests are decided, {waiting} segments wait")


async def run_product(bench: Bench, plan: ProductPlan) -> list[ProductMeasured]:
    """For each share of repeats, interleaved: the copy loop, one engine, two engines."""
    results: list[ProductMeasured] = []
    per_group = max(20, round(plan.events / EVENTS_PER_DOSSIER))
    async with prepared(bench, per_group, plan.batch, plan.seed) as ready:
        for share in plan.duplicates:
            planned = measured_run(ready.dossiers, share, plan.seed)
            for number in range(plan.rounds):
                for engines in (0, 1, 2):
                    try:
                        one = await _run_once(bench, ready, planned, plan, (engines, share, number))
                    except (RuntimeError, TimeoutError) as error:
                        failed(f"product round {number + 1}/{plan.rounds}, {engines} engines", error)
                        continue
                    results.append(one)
                    _tell(one, plan.rounds)
    return results


def _tell(one: ProductMeasured, rounds: int) -> None:
    print(
        f"product round {one.round + 1}/{rounds} repeats {one.duplicates:.0%} {one.program:10} "
        f"{one.events_per_s:9,.0f} ev/s  us/ev client {one.client_us:6.1f} postgres {one.postgres_us:6.1f} "
        f"broker {one.broker_us:5.1f}  misses {dict(one.misses)} in {one.batches} batches",
        flush=True,
    )


async def _run_once(
    bench: Bench, ready: Prepared, planned: Sequence[Planned], plan: ProductPlan, what: tuple[int, float, int]
) -> ProductMeasured:
    engines, share, number = what
    async with (
        arena(bench, partitions=_OWN_PARTITIONS, template=ready.template, key=ready.key) as place,
        place.reader() as reader,
    ):
        await register(place)
        await settle_disk(bench)
        if engines == 0:
            async with _copy(place) as runner:
                seen = await _measure(place, reader, runner, planned, len(planned))
                counted: dict[str, int] = {}
        else:
            async with _engines(place, engines, plan.batch) as runner:
                accepted = sum(one.refusal is None for one in _unique(planned))
                seen = await _measure(place, reader, runner, planned, len(planned) + accepted)
                counted = await _counters(runner, engines)
            await _check_receipts(place, reader, planned)
    events = len(planned)
    done, part = events * 0.9, seen.part
    unique = _unique(planned)
    return ProductMeasured(
        program=f"hub-{engines}" if engines else "copy-send",
        round=number,
        duplicates=share,
        events=events,
        bytes_per_event=sum(len(one.event.value) for one in planned) / events,
        outputs=seen.outputs,
        events_per_s=done / part.seconds,
        client_us=part.cpu.client / done * 1e6,
        postgres_us=part.cpu.postgres / done * 1e6,
        broker_us=part.cpu.broker / done * 1e6,
        foreign_cores=part.cpu.foreign / part.seconds,
        idle_mib=seen.idle_mib,
        peak_mib=seen.peak_mib,
        accepted=sum(one.refusal is None for one in unique),
        refused=sum(one.refusal is not None for one in unique),
        repeated=events - len(unique),
        batches=counted.pop("batches", 0),
        misses=counted,
    )


def _unique(planned: Iterable[Planned]) -> list[Planned]:
    return list({one.event.id: one for one in planned}.values())


@asynccontextmanager
async def _copy(place: Arena) -> AsyncIterator[Runner]:
    address = place.bench.address
    environment = {
        "BENCH_BOOTSTRAP": address.kafka_bootstrap,
        "BENCH_USER": address.kafka_admin_user,
        "BENCH_PASSWORD": address.kafka_admin_password,
        "BENCH_IN": ",".join(place.topic(f"in.{name}") for name in PARTITIONS),
        "BENCH_OUT": place.topic("dossier.facts"),
        "BENCH_GROUP": place.topic("peer"),
        "BENCH_DSN": place.hub.dsn,
        "BENCH_STATE": str(place.folder),
    }
    async with Runner("bench.peers.copy_send", [environment], place.folder) as runner:
        await group_is_stable(kafka_admin(address), place.topic("peer"), 1, 60, runner)
        yield runner


async def _measure(
    place: Arena, reader: AIOKafkaConsumer, runner: Runner, planned: Sequence[Planned], expected: int
) -> Seen:
    counts = {place.topic(f"out.{name}"): partitions for name, partitions in PARTITIONS.items()}
    partitions = await place.partitions(counts | {place.topic("dossier.facts"): _OWN_PARTITIONS})
    warm = warm_up(_WARM_UP)
    await load(place, warm)
    await Watch(reader, partitions, CpuMeter(place.bench, runner.pids), runner.check).until(
        len(warm), quiet_s=0.5, limit_s=60
    )
    idle = sum(resident_mib(pid) for pid in runner.pids)
    runner.hold()
    await load(place, planned)
    before = await outputs_of(reader, partitions)
    watch = Watch(reader, partitions, CpuMeter(place.bench, runner.pids), runner.check)
    runner.release()
    samples = await watch.until(before + expected, quiet_s=2.0, limit_s=_LIMIT_S)
    return Seen(window(samples), samples[-1].outputs - before, idle, peak_mib(runner.pids))


async def _counters(runner: Runner, engines: int) -> dict[str, int]:
    """Batches and rolled back writes of all engines, from their metrics."""
    totals: Counter[str] = Counter()
    async with httpx.AsyncClient(timeout=5) as client:
        for number in range(engines):
            ports = re.findall(r'"action": ?"health_ready".*?"port": ?(\d+)', runner.log(number))
            text = (await client.get(f"http://127.0.0.1:{ports[-1]}/metrics")).text
            for kind, count in re.findall(r'hub_commit_failures_total\{kind="(\w+)"\} ([\d.e+]+)', text):
                totals[kind] += int(float(count))
            totals["batches"] += int(float(re.findall(r"hub_batch_records_count ([\d.e+]+)", text)[0]))
    return dict(totals)


async def _check_receipts(place: Arena, reader: AIOKafkaConsumer, planned: Sequence[Planned]) -> None:
    """Raise unless each request has as many receipts as it was sent, with the outcome that was planned."""
    found: Counter[tuple[str, str | None]] = Counter()
    ours = {one.event.id for one in planned}
    for name, count in PARTITIONS.items():
        partitions = await place.partitions({place.topic(f"out.{name}"): count})
        async for headers, value in everything(reader, partitions):
            kind = headers["ce_type"].decode()
            if ".receipt." in kind:
                body = orjson.loads(value)
                if body["request"] in ours:
                    found[(body["request"], body.get("code") if "refused" in kind else None)] += 1
    wanted = Counter((one.event.id, one.refusal) for one in planned)
    if found != wanted:
        wrong = Counter(code for _, code in (found - wanted).elements())
        missing = Counter(code for _, code in (wanted - found).elements())
        raise RuntimeError(f"receipts that were not planned: {dict(wrong)}; missing: {dict(missing)}")
