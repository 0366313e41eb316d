"""Latency from publish to receipt at a steady rate, beside the copy loop that commits once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from bench.arena import Arena, Bench, arena, settle_disk
from bench.contenders import Contender, find
from bench.core import ORGANISATION, PARTITIONS, SOURCE, environments_of, ready
from bench.core_job import CoreEvent
from bench.events import Event, core_events, event_headers, hash_of
from bench.measuring import CpuMeter
from bench.runners import Runner

_WARM_UP_S = 2.0
_DRAIN_S = 15.0


@dataclass(frozen=True, slots=True)
class LatencyMeasured:
    """One program at one rate; from the moment an event was due to be sent until its output was read."""

    program: str
    rate: int
    events: int
    missing: int
    p50_ms: float
    p99_ms: float
    busy_cores: float
    foreign_cores: float


async def run_latency(bench: Bench, rates: Sequence[int], seconds: float) -> list[LatencyMeasured]:
    """Copy loop and hub in turn at each rate."""
    results: list[LatencyMeasured] = []
    for rate in rates:
        for contender in find("copy-pipelined,hub-1"):
            one = await _run_once(bench, contender, rate, seconds)
            print(
                f"latency {one.program:15} {rate:6,}/s  p50 {one.p50_ms:7.1f} ms  p99 {one.p99_ms:7.1f} ms  "
                f"missing {one.missing}  busy {one.busy_cores:.2f} cores, foreign {one.foreign_cores:.2f}",
                flush=True,
            )
            results.append(one)
    return results


async def _run_once(bench: Bench, contender: Contender, rate: int, seconds: float) -> LatencyMeasured:
    events = core_events(round(rate * (seconds + _WARM_UP_S)), 1000, 0.0, seed=rate)
    async with arena(bench, partitions=PARTITIONS) as place:
        await place.register(SOURCE, "agency", (ORGANISATION,), PARTITIONS)
        environments = await environments_of(place, contender, 500)
        await settle_disk(bench)
        output = place.topic(f"out.{SOURCE}" if contender.is_hub else "dossier.facts")
        async with Runner(contender.module, environments, place.folder) as runner, place.reader() as reader:
            await ready(place, contender, runner)
            reader.assign(await place.partitions({output: PARTITIONS}))
            meter = CpuMeter(bench, runner.pids)
            before, started = meter.read(), time.perf_counter()
            latencies, missing = await _drive(place, reader, contender, events, rate)
            used, elapsed = meter.read().since(before), time.perf_counter() - started
            runner.check()
    ordered = sorted(latencies)
    return LatencyMeasured(
        program=contender.name,
        rate=rate,
        events=len(events),
        missing=missing,
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        busy_cores=(used.machine - used.foreign) / elapsed,
        foreign_cores=used.foreign / elapsed,
    )


async def _drive(
    place: Arena, reader: AIOKafkaConsumer, contender: Contender, events: Sequence[Event], rate: int
) -> tuple[list[float], int]:
    """Send and read; the first two seconds do not count."""
    seen: dict[str, float] = {}
    reading = asyncio.create_task(_collect(reader, contender, seen, len(events)))
    producer = AIOKafkaProducer(**place.client, enable_idempotence=True, acks="all", linger_ms=0)
    await producer.start()
    try:
        due = await _send(producer, place.topic(f"in.{SOURCE}"), events, rate)
        await asyncio.wait([reading], timeout=_DRAIN_S)
    finally:
        reading.cancel()
        await producer.stop()
    start = min(due.values()) + _WARM_UP_S
    latencies = [seen[one] - at for one, at in due.items() if at >= start and one in seen]
    return latencies, sum(one not in seen for one in due)


async def _send(
    producer: AIOKafkaProducer, topic: str, events: Sequence[Event], rate: int
) -> dict[str, float]:
    """Open loop: an event is due at its place in the schedule, whether or not the one before is answered."""
    time_text = datetime.now(UTC).isoformat(timespec="seconds")
    start, due = time.perf_counter(), {}
    for number, event in enumerate(events):
        due[event.id] = start + number / rate
        early = due[event.id] - time.perf_counter()
        if early > 0:
            await asyncio.sleep(early)
        await producer.send(
            topic, event.value, key=event.subject.encode(), partition=hash_of(event.subject) % PARTITIONS,
            headers=event_headers(event, CoreEvent.type, SOURCE, time_text),
        )  # fmt: skip
    return due


async def _collect(
    reader: AIOKafkaConsumer, contender: Contender, seen: dict[str, float], wanted: int
) -> None:
    while len(seen) < wanted:
        for records in (await reader.getmany(timeout_ms=50)).values():
            now = time.perf_counter()
            for record in records:
                seen.setdefault(_id_of(record, is_receipt=contender.is_hub), now)


def _id_of(record: ConsumerRecord, *, is_receipt: bool) -> str:
    if is_receipt:
        return str(orjson.loads(record.value)["request"])
    return next(str(value, "ascii") for name, value in record.headers if name == "ce_id")
