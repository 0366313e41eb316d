"""What an engine says of itself: liveness from progress, readiness from ability, and what else fails."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from hub.engine.wiring import EngineParts
from hub.kafka.client import KafkaError
from hub.kafka.producer import OutgoingRecord
from hub.kafka.topics import HEARTBEAT_TOPIC
from hub.kafka.verdicts import Verdict, verdict
from hub.logs import log
from hub.postgres.away import reason_of
from hub.process.health import health_app, serve
from hub.process.supervise import AWAY
from hub.settings import Settings

_STUCK_S = 60.0
_OUTSIDE_S = 120.0
_PROBE_S = 3.0


class EngineHealth:
    """Ready is who can read the database and write to the brokers; a single topic is only told of."""

    def __init__(self, settings: Settings, parts: EngineParts) -> None:
        self._parts = parts
        self._instance = settings.engine.instance
        self._heartbeat = settings.kafka.prefix + HEARTBEAT_TOPIC
        self._probing = asyncio.Lock()

    async def alive(self) -> str | None:
        """Why this process should be restarted."""
        age = time.monotonic() - self._parts.metrics.last_poll
        if age > _STUCK_S:
            return f"no poll for {age:.0f} s"
        outside_s = self._parts.consumer.group.unstable_s
        return f"outside of the group for {outside_s:.0f} s" if outside_s > _OUTSIDE_S else None

    async def ready(self) -> str | None:
        """Why this process cannot work now."""
        async with self._probing:
            return await self._no_database() or await self._no_broker() or self._parts.engine.trouble()

    def impaired(self) -> list[str]:
        """Topics that cannot be written, while all others can."""
        parts = self._parts
        failing = [
            state for producer in (parts.sending, parts.firing, parts.heartbeat) for state in producer.failing
        ]
        named = {state.lane.partition("/")[0] for state in failing}
        return [*map(str, failing), *(f"{topic}: blocked" for topic in parts.relay.blocked_topics - named)]

    async def _no_database(self) -> str | None:
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._parts.probe.execute(
                    "update engine set seen_at = seen_at where instance = $1", self._instance
                )
        except (*AWAY, asyncpg.PostgresError) as error:
            return reason_of(error)
        return None

    async def _no_broker(self) -> str | None:
        """Write to a topic of our own; that it is refused says nothing of the others."""
        producer = self._parts.heartbeat
        try:
            await producer.send(self._heartbeat, [OutgoingRecord(self._instance.encode(), b"{}")], _PROBE_S)
        except (KafkaError, TimeoutError) as error:
            is_refused = verdict(error) is Verdict.REFUSED
            if not (is_refused and await producer.do_brokers_answer(_PROBE_S)):
                return type(error).__name__
        return None


async def serve_health(settings: Settings, parts: EngineParts) -> None:
    """Serve metrics and health until cancelled."""
    health = EngineHealth(settings, parts)
    await serve(
        health_app(parts.registry, health.alive, health.ready, health.impaired),
        settings.http_host,
        settings.http_port,
        lambda port: log("health_ready", port=port),
        parts.metrics.http,
        settings.stuck_exit_s,
    )
