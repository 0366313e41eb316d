"""The loop of an engine: round after round, what an error asks for, and once a second the house."""

from __future__ import annotations

import asyncio
import contextlib
import time

from hub.engine.errors import DeadClientError, GapError, HeldBackError, MissError, UnreadableError
from hub.engine.intake.brakes import Limiter
from hub.engine.intake.consumer import Consumer
from hub.engine.memory import Memory
from hub.engine.observe.metrics import EngineMetrics
from hub.engine.pipeline import Pipeline
from hub.engine.recovery import Recovery
from hub.engine.redriving import Redriver
from hub.engine.write.connections import Connections
from hub.process.supervise import AWAY

_HOUSEKEEPING_S = 1.0
_REDRIVE_S = 0.5


class Engine:
    """One per process."""

    def __init__(
        self, connections: Connections, memory: Memory, pipeline: Pipeline, recovery: Recovery,
        consumer: Consumer, limiter: Limiter, metrics: EngineMetrics,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._memory = memory
        self._pipeline = pipeline
        self._recovery = recovery
        self._consumer = consumer
        self._limiter = limiter
        self._metrics = metrics
        self._kept_house_at = 0.0
        self.committed = pipeline.committed
        self.trouble = recovery.trouble

    async def open(self) -> None:
        """Connect, and read what the engine keeps in memory."""
        await self._connections.open()
        await self._memory.open()

    async def close(self) -> None:
        """Give back what nobody got, and disconnect."""
        await self._memory.close()
        await self._connections.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and what was taken is committed; `StopError` if it must not go on."""
        while not stop.is_set():
            try:
                await self._round()
            except (MissError, UnreadableError, HeldBackError, GapError, *AWAY) as error:
                await self._recovery.after(error)
            except DeadClientError:
                await self._recovery.client_died()
        with contextlib.suppress(MissError, *AWAY):
            await self._pipeline.settle()

    async def _round(self) -> None:
        await self._recovery.recover()
        if time.monotonic() - self._kept_house_at > _HOUSEKEEPING_S:
            await self._pipeline.settle()
            await self._keep_house()
        if not await self._pipeline.round():
            self._recovery.calm()

    async def _keep_house(self) -> None:
        """Between two batches, once a second: what operators ordered, and whose requests hit bugs."""
        self._kept_house_at = time.monotonic()
        if await self._memory.look():
            self._pipeline.forget()
        self._metrics.hold(self._limiter.hold(self._consumer.pauses))
        memory, sessions = self._memory, self._connections
        redriver = Redriver(sessions.reader, sessions.writer, memory.tools, memory.world, memory.lease)
        if await redriver.run(_REDRIVE_S):
            self._pipeline.forget()
            await self._limiter.recall(sessions.reader)
