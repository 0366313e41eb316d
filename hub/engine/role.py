"""The engine process: runs the loop and its side tasks, watches them, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib

from hub.engine.decide.rules import Rules
from hub.engine.observe.health import serve_health
from hub.engine.wiring import EngineParts, engine_parts
from hub.http.certificates import CertificateWatch
from hub.kafka import client as kafka
from hub.logs import log
from hub.process import client_logs
from hub.process.collecting import collect_rarely
from hub.process.supervise import SideTasks, keep_running
from hub.settings import Settings

_BEAT_S = 1.0
_DRAIN_S = 6.0
_PUBLISH_S = 4.0


async def run_engine(settings: Settings, stop: asyncio.Event, *, rules: Rules | None = None) -> None:
    """Run until `stop` is set; returns after a drain of at most 15 s.

    Raises `StartupError` when something is missing and `StopError` when work must not go on; a side
    task that dies ends the process.
    """
    client_logs.install()
    async with engine_parts(settings, rules) as parts:
        collect_rarely()
        log("engine_started", shards=settings.shards)
        loop = asyncio.create_task(parts.engine.run(stop), name="engine")
        side = SideTasks(
            {
                "relay": keep_running("relay", parts.relay.step),
                "retry": keep_running("retry", parts.relay.retry_step),
                "clockwork": keep_running("clockwork", parts.clockwork.step),
                "shards": keep_running("shards", lambda: _keep_shards(parts)),
                "topics": keep_running("topics", parts.topics.step),
                "offset-hint": _hint_offsets(parts),
                "gauges": keep_running("gauges", parts.gauges.step),
                "retention": keep_running("retention", parts.retention.step),
                "directory": keep_running("directory", parts.directory.step),
                "budget": keep_running("budget", parts.budget.step),
                "refusals": keep_running("refusals", parts.refusals.step),
                "checks": keep_running("checks", parts.checks.step),
                "waiting-copies": keep_running("waiting_copies", parts.waiting_copies.step),
                "certificates": _certificates(settings, parts).run(),
                "health": serve_health(settings, parts),
            }
        )
        try:
            await side.watch(loop, stop)
            if stop.is_set():
                await asyncio.wait([loop], timeout=_DRAIN_S)
            side.raise_for(loop)
            if not loop.done():
                log("drain_timeout")
            await parts.relay.finish(_PUBLISH_S)
        finally:
            await side.end(loop)
        log("engine_stopped")


async def _keep_shards(parts: EngineParts) -> None:
    gained = await parts.shards.tick(parts.relay.is_busy)
    if gained:
        log("shards_gained", shards=",".join(str(shard) for shard in sorted(gained)))
    parts.metrics.shards.set(len(parts.shards.owned))
    parts.metrics.outbox.labels("relay").set(parts.relay.backlog)
    parts.metrics.blocked.set(len(parts.relay.blocked_topics))
    parts.metrics.assigned.set(len(parts.consumer.assigned))
    parts.metrics.rebalanced(parts.consumer.group.rebalances)
    await asyncio.sleep(_BEAT_S)


async def _hint_offsets(parts: EngineParts) -> None:
    """Kafka gets the offsets once a second, for monitoring only; PostgreSQL holds the truth."""
    while True:
        await asyncio.sleep(1)
        offsets = {kafka.TopicPartition(*place): offset for place, offset in parts.engine.committed().items()}
        ours = {tp: offset for tp, offset in offsets.items() if tp in parts.client.assignment()}
        if ours:
            with contextlib.suppress(kafka.KafkaError):
                await parts.client.commit(ours)


def _certificates(settings: Settings, parts: EngineParts) -> CertificateWatch:
    trust = settings.signing.trust_folder
    signing = (
        {"signing_roots": trust / "roots.pem", "signing_issuers": trust / "issuers.pem"} if trust else {}
    )
    return CertificateWatch(parts.metrics.http, {"kafka_ca": settings.kafka.ca_file, **signing})
