"""The engine process: runs the loop and its side tasks, watches them, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from typing import Any

import asyncpg

from hub import client_logs, kafka
from hub.engine_parts import Parts, engine_parts
from hub.errors import StartupError, StopError
from hub.health import health_app, serve
from hub.http.certificates import CertificateWatch
from hub.job import Job
from hub.logs import log
from hub.settings import Settings
from hub.steady import AWAY, keep_running
from hub.store.away import reason_of
from hub.topics import HEARTBEAT_TOPIC

_STUCK_S = 60.0
_OUTSIDE_S = 120.0
_BEAT_S = 1.0
_DRAIN_S = 6.0
_PUBLISH_S = 4.0


async def run_engine(settings: Settings, stop: asyncio.Event, *, job: Job[Any] | None = None) -> None:
    """Run until `stop` is set; returns after a drain of at most 15 s.

    Raises `StartupError` when something is missing and `StopError` when work must not go on; a side
    task that dies ends the process.
    """
    client_logs.install()
    async with engine_parts(settings, job) as parts:
        _tune_collector()
        log("engine_started", shards=settings.shards)
        loop = asyncio.create_task(parts.engine.run(stop), name="engine")
        side = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("relay", keep_running("relay", parts.relay.step)),
                ("retry", keep_running("retry", parts.relay.retry_step)),
                ("clockwork", keep_running("clockwork", parts.clockwork.step)),
                ("shards", keep_running("shards", lambda: _keep_shards(parts))),
                ("topics", keep_running("topics", parts.topics.step)),
                ("offset-hint", _hint_offsets(parts)),
                ("gauges", keep_running("gauges", parts.gauges.step)),
                ("retention", keep_running("retention", parts.retention.step)),
                ("checks", keep_running("checks", parts.checks.step)),
                ("waiting-copies", keep_running("waiting_copies", parts.waiting_copies.step)),
                ("certificates", _certificates(settings, parts).run()),
                ("health", _serve_health(settings, parts)),
            )
        ]
        try:
            await _first_end(loop, side, stop)
            await parts.relay.finish(_PUBLISH_S)
        finally:
            for task in (loop, *side):
                task.cancel()
            await asyncio.wait([loop, *side], timeout=2)
        log("engine_stopped")


def _tune_collector() -> None:
    """Collect rarely: batches hold many short-lived objects without cycles, and the search costs a third."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _first_end(loop: asyncio.Task[None], side: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait for the loop, after `stop` only for a while; a side task that ends before it is an error."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([loop, stopping, *side], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        await asyncio.wait([loop], timeout=_DRAIN_S)
    stopping.cancel()
    for task in (loop, *side):
        if not task.done():
            continue
        error = task.exception()
        if isinstance(error, StopError | StartupError):
            raise error
        if error is not None:
            raise StopError(f"task {task.get_name()} died: {_one_line(error)}") from error
        if task is not loop:
            raise StopError(f"task {task.get_name()} ended by itself")
    if not loop.done():
        log("drain_timeout")


def _one_line(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


async def _keep_shards(parts: Parts) -> None:
    gained = await parts.shards.tick(parts.relay.is_busy)
    if gained:
        log("shards_gained", shards=",".join(str(shard) for shard in sorted(gained)))
    parts.metrics.shards.set(len(parts.shards.owned))
    parts.metrics.outbox.labels("relay").set(parts.relay.backlog)
    parts.metrics.blocked.set(parts.relay.blocked_topics)
    parts.metrics.assigned.set(len(parts.intake.assigned))
    parts.metrics.rebalanced(parts.intake.rebalances)
    await asyncio.sleep(_BEAT_S)


async def _hint_offsets(parts: Parts) -> None:
    """Kafka gets the offsets once a second, for monitoring only; PostgreSQL holds the truth."""
    while True:
        await asyncio.sleep(1)
        offsets = {kafka.TopicPartition(*place): offset for place, offset in parts.engine.committed().items()}
        ours = {tp: offset for tp, offset in offsets.items() if tp in parts.consumer.assignment()}
        if ours:
            with contextlib.suppress(kafka.KafkaError):
                await parts.consumer.commit(ours)


def _certificates(settings: Settings, parts: Parts) -> CertificateWatch:
    trust = settings.signing.trust_folder
    signing = (
        {"signing_roots": trust / "roots.pem", "signing_issuers": trust / "issuers.pem"} if trust else {}
    )
    return CertificateWatch(parts.metrics.http, {"kafka_ca": settings.kafka.ca_file, **signing})


async def _serve_health(settings: Settings, parts: Parts) -> None:
    async def alive() -> str | None:
        age = time.monotonic() - parts.metrics.last_poll
        if age > _STUCK_S:
            return f"no poll for {age:.0f} s"
        outside_s = parts.intake.unstable_s
        return f"outside of the group for {outside_s:.0f} s" if outside_s > _OUTSIDE_S else None

    probing = asyncio.Lock()
    heartbeat, instance = settings.kafka.prefix + HEARTBEAT_TOPIC, settings.engine.instance

    async def ready() -> str | None:
        try:
            async with probing, asyncio.timeout(3):
                await parts.probe.execute("update engine set seen_at = seen_at where instance = $1", instance)
                await parts.producer.send_and_wait(heartbeat, b"{}", key=instance.encode())
        except (*AWAY, asyncpg.PostgresError) as error:
            return reason_of(error)
        return parts.engine.trouble()

    await serve(
        health_app(parts.registry, alive, ready),
        settings.http_host,
        settings.http_port,
        lambda port: log("health_ready", port=port),
        parts.metrics.http,
    )
