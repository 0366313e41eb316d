"""Receipts per second and latency through the gateway, beside a Kafka participant of the same engine."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer

from bench.arena import Arena, Bench, arena, settle_disk
from bench.core import everything
from bench.failures import failed
from bench.gateway_https import HttpsDoor
from bench.gateway_kafka import KafkaDoor
from bench.gateway_requests import PARTICIPANTS, Answer, Door, Way, check_receipts, submissions
from bench.measuring import CpuMeter
from bench.product_events import ORGANISATIONS, ROLES, Planned, Topic
from bench.runners import Runner, group_is_stable
from hub.facts.integrity import FILE_NAME
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY, GROUP
from hub.participants.registry import Participant, user_of
from tests.support.certificates import Authority
from tests.support.stack import aiokafka_settings, kafka_admin

_PARTITIONS = 4
_WARM_UP = 4
"""Requests of each client before the clock starts."""


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """What the rounds do; each client sends its next request when it has the receipt of the one before."""

    requests: int = 15_000
    clients: int = 100
    rounds: int = 5
    batch: int = 500
    seed: int = 1


@dataclass(frozen=True, slots=True)
class GatewayMeasured:
    """One way in one round; CPU is microseconds per receipt, `late` how many were answered with 202 first."""

    way: Way
    round: int
    clients: int
    requests: int
    refused: int
    late: int
    receipts_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    gateway_us: float
    engine_us: float
    postgres_us: float
    broker_us: float
    load_us: float
    foreign_cores: float


@dataclass(frozen=True, slots=True)
class Driven:
    """What the clients saw: answers, seconds of each from its sending on, seconds of all."""

    answers: list[Answer]
    latencies_s: list[float]
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Engine and gateway at work, and how to come to them: doors are opened anew for each round."""

    engine: Runner
    gateway: Runner
    doors: Mapping[Way, Callable[[], AbstractAsyncContextManager[Door]]]


async def run_gateway(bench: Bench, plan: GatewayPlan) -> list[GatewayMeasured]:
    """Kafka and gateway in turn, round by round, on one engine."""
    results: list[GatewayMeasured] = []
    async with arena(bench, partitions=_PARTITIONS) as place, _ready(place, plan) as ready:
        for number in range(plan.rounds):
            for way in PARTICIPANTS:
                try:
                    one = await _run_once(place, ready, plan, way, number)
                except (RuntimeError, TimeoutError) as error:
                    failed(f"gateway round {number + 1}/{plan.rounds} {way}", error)
                    continue
                results.append(one)
                _tell(one, plan.rounds)
    return results


def _tell(one: GatewayMeasured, rounds: int) -> None:
    print(
        f"gateway round {one.round + 1}/{rounds} {one.way:8} {one.receipts_per_s:8,.0f} receipts/s  "
        f"p50 {one.p50_ms:6.1f} ms  p95 {one.p95_ms:6.1f} ms  late {one.late}  us: gateway "
        f"{one.gateway_us:.0f} engine {one.engine_us:.0f} postgres {one.postgres_us:.0f} "
        f"broker {one.broker_us:.0f} clients {one.load_us:.0f}",
        flush=True,
    )


@asynccontextmanager
async def _ready(place: Arena, plan: GatewayPlan) -> AsyncIterator[Ready]:
    address, kafka, https = place.bench.address, PARTICIPANTS["kafka"], PARTICIPANTS["gateway"]
    gateway_password = await participants.set_up_gateway(
        place.hub.admin, place.hub.database, place.hub.store_key
    )
    password = await place.register(kafka, ROLES[kafka], ORGANISATIONS[kafka], _PARTITIONS)
    await place.register("agency-1", ROLES["agency-1"], ORGANISATIONS["agency-1"], _PARTITIONS)
    newcomer = Participant(https, (ROLES[https],), ORGANISATIONS[https], _PARTITIONS, is_http=True)
    token = await participants.add(place.hub.admin, place.hub.database, place.hub.store_key, newcomer)
    authority = Authority(place.folder, "root")
    client = aiokafka_settings(address, user_of(kafka, place.hub.prefix), password)
    async with (
        _process(place, "engine", place.engine_environment("engine-1", plan.batch)) as engine,
        _process(place, "gateway", _gateway_environment(place, gateway_password, authority)) as gateway,
    ):
        await group_is_stable(kafka_admin(address), place.topic(GROUP), 1, 60, engine)
        port = await _port(gateway)

        def direct() -> KafkaDoor:
            return KafkaDoor(client, place.hub.prefix, kafka, _PARTITIONS)

        def door() -> HttpsDoor:
            return HttpsDoor(port, authority.root_file, https, token, plan.clients)

        yield Ready(engine, gateway, {"kafka": direct, "gateway": door})


@asynccontextmanager
async def _process(place: Arena, role: str, environment: dict[str, str]) -> AsyncIterator[Runner]:
    folder = place.folder / role
    folder.mkdir()
    async with Runner("hub.cli.main", [environment], folder, arguments=("run", role)) as runner:
        yield runner


def _gateway_environment(place: Arena, password: str, authority: Authority) -> dict[str, str]:
    """A gateway with TLS; its rate limit is lifted, since all clients are one participant."""
    issued = authority.issue("gateway")
    environment = place.hub.environment | {
        "HUB_KAFKA__USER": user_of(GATEWAY, place.hub.prefix),
        "HUB_KAFKA__PASSWORD": password,
        "HUB_DOCUMENTS__FOLDER": str(place.folder / "documents"),
        "HUB_GATEWAY__CERTIFICATE_FILE": str(issued.certificate_file),
        "HUB_GATEWAY__KEY_FILE": str(issued.key_file),
        "HUB_GATEWAY__REQUESTS_PER_S": "1000000",
        "HUB_GATEWAY__BURST": "1000000",
    }
    master_key = Path(environment.pop("HUB_MASTER_KEY_FILE"))
    environment["HUB_STORE_KEY_FILE"] = str(master_key.with_name(FILE_NAME))
    return environment


async def _port(gateway: Runner) -> int:
    async with asyncio.timeout(30):
        while True:
            gateway.check()
            ports = re.findall(r'"action": ?"gateway_ready".*?"port": ?(\d+)', gateway.log(0))
            if ports:
                return int(ports[-1])
            await asyncio.sleep(0.05)


async def _run_once(place: Arena, ready: Ready, plan: GatewayPlan, way: Way, number: int) -> GatewayMeasured:
    planned = submissions(way, f"round{number}", plan.requests, plan.seed)
    both = CpuMeter(place.bench, [*ready.engine.pids, *ready.gateway.pids])
    front = CpuMeter(place.bench, ready.gateway.pids)
    async with ready.doors[way]() as door:
        warm_up = submissions(way, f"warm{number}", plan.clients * _WARM_UP, plan.seed)
        await drive(door, warm_up, plan.clients)
        await settle_disk(place.bench)
        before, front_before = both.read(), front.read()
        driven = await drive(door, planned, plan.clients)
        used, front_used = both.read().since(before), front.read().since(front_before)
    ready.engine.check()
    ready.gateway.check()
    check_receipts(planned, ((one.request, one.refusal) for one in driven.answers), f"{way}: the clients")
    async with place.reader() as reader:
        ids = {one.event.id for one in planned}
        check_receipts(planned, await _receipts(place, reader, PARTICIPANTS[way], ids), f"{way}: the topic")
    ordered, count = sorted(driven.latencies_s), len(planned)
    return GatewayMeasured(
        way=way,
        round=number,
        clients=plan.clients,
        requests=count,
        refused=sum(one.refusal is not None for one in planned),
        late=sum(one.is_late for one in driven.answers),
        receipts_per_s=count / driven.elapsed_s,
        p50_ms=at_share(ordered, 0.50) * 1000,
        p95_ms=at_share(ordered, 0.95) * 1000,
        p99_ms=at_share(ordered, 0.99) * 1000,
        gateway_us=front_used.client / count * 1e6,
        engine_us=(used.client - front_used.client) / count * 1e6,
        postgres_us=used.postgres / count * 1e6,
        broker_us=used.broker / count * 1e6,
        load_us=used.bench / count * 1e6,
        foreign_cores=used.foreign / driven.elapsed_s,
    )


def at_share(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of the ordered values lies (pure)."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def drive(door: Door, planned: Sequence[Planned], clients: int) -> Driven:
    """Closed loop: as many requests are under way as there are clients, until all are answered."""
    left = iter(planned)
    driven = Driven([], [], 0.0)
    started = time.perf_counter()
    tasks = [asyncio.create_task(_client(door, number, left, driven)) for number in range(clients)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return Driven(driven.answers, driven.latencies_s, time.perf_counter() - started)


async def _client(door: Door, number: int, left: Iterator[Planned], driven: Driven) -> None:
    for planned in left:
        sent_at = time.perf_counter()
        driven.answers.append(await door.ask(number, planned))
        driven.latencies_s.append(time.perf_counter() - sent_at)


async def _receipts(
    place: Arena, reader: AIOKafkaConsumer, participant: Topic, ids: set[str]
) -> list[tuple[str, str | None]]:
    """All receipts of these requests on the participant's topic."""
    found = []
    partitions = await place.partitions({place.topic(f"out.{participant}"): _PARTITIONS})
    async for headers, value in everything(reader, partitions):
        if b".receipt." in headers["ce_type"]:
            body = orjson.loads(value)
            if body.get("request") in ids:
                is_refused = b".refused." in headers["ce_type"]
                found.append((body["request"], body["code"] if is_refused else None))
    return found
