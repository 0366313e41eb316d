"""The engine process: runs the loop and its side tasks, watches them, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from typing import Any

import asyncpg

from hub import kafka
from hub.engine_parts import Parts, engine_parts
from hub.errors import StartupError, StopError
from hub.health import health_app, serve
from hub.job import Job
from hub.logs import log
from hub.participants import HEARTBEAT_TOPIC
from hub.settings import Settings

_STUCK_S = 60.0


async def run_engine(settings: Settings, stop: asyncio.Event, *, job: Job[Any] | None = None) -> None:
    """Run until `stop` is set; returns after a drain of at most 15 s.

    Raises `StartupError` when something is missing and `StopError` when work must not go on; a side
    task that dies ends the process.
    """
    async with engine_parts(settings, job) as parts:
        _tune_collector()
        log("engine_started", shards=settings.shards)
        loop = asyncio.create_task(parts.engine.run(stop), name="engine")
        side = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("relay", parts.relay.run()),
                ("clockwork", parts.clockwork.run()),
                ("shards", _keep_shards(parts)),
                ("offset-hint", _hint_offsets(parts)),
                ("health", _serve_health(settings, parts)),
            )
        ]
        try:
            await _first_end(loop, side)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(parts.relay.drained(), 5)
        finally:
            for task in (loop, *side):
                task.cancel()
            await asyncio.wait([loop, *side], timeout=5)
        log("engine_stopped")


def _tune_collector() -> None:
    """Collect rarely: batches hold many short-lived objects without cycles, and the search costs a third."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _first_end(loop: asyncio.Task[None], side: list[asyncio.Task[None]]) -> None:
    """Wait for the loop; a side task that ends before it is an error."""
    done, _ = await asyncio.wait([loop, *side], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        error = task.exception()
        if isinstance(error, StopError | StartupError):
            raise error
        if error is not None:
            raise StopError(f"task {task.get_name()} died: {type(error).__name__}: {error}") from error
        if task is not loop:
            raise StopError(f"task {task.get_name()} ended by itself")


async def _keep_shards(parts: Parts) -> None:
    while True:
        parts.relay.gained(await parts.shards.tick(parts.relay.release))
        parts.metrics.shards.set(len(parts.shards.owned))
        parts.metrics.outbox.labels("relay").set(parts.relay.backlog)
        parts.metrics.rebalances.set(parts.intake.rebalances)
        await asyncio.sleep(1)


async def _hint_offsets(parts: Parts) -> None:
    """Kafka gets the offsets once a second, for monitoring only; PostgreSQL holds the truth."""
    while True:
        await asyncio.sleep(1)
        offsets = {kafka.TopicPartition(*place): offset for place, offset in parts.engine.committed().items()}
        ours = {tp: offset for tp, offset in offsets.items() if tp in parts.consumer.assignment()}
        if ours:
            with contextlib.suppress(kafka.KafkaError):
                await parts.consumer.commit(ours)


async def _serve_health(settings: Settings, parts: Parts) -> None:
    async def alive() -> str | None:
        age = time.monotonic() - parts.metrics.last_poll
        return None if age < _STUCK_S else f"no poll for {age:.0f} s"

    heartbeat = settings.kafka.prefix + HEARTBEAT_TOPIC

    async def ready() -> str | None:
        try:
            async with asyncio.timeout(3):
                await parts.probe.execute("update engine set seen_at = seen_at where false")
                await parts.producer.send_and_wait(heartbeat, b"{}", key=settings.engine.instance.encode())
        except (kafka.KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            return type(error).__name__
        return None

    await serve(
        health_app(parts.registry, alive, ready),
        settings.http_host,
        settings.http_port,
        lambda port: log("health_ready", port=port),
    )
