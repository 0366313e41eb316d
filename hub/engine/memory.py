"""What an engine knows of the store between batches: participants, registers, clock, keys, leased codes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hub.engine.decide.decide_batch import Tools
from hub.engine.errors import CodesMissingError
from hub.engine.intake.brakes import Limiter
from hub.engine.intake.consumer import Consumer
from hub.engine.write import code_leases, reading
from hub.engine.write.connections import Connections
from hub.facts.expiring_keys import load_terms
from hub.facts.untrusted import OnUntrusted
from hub.inbound.authorise import Reading
from hub.participants.register_editions import RegisterReader
from hub.postgres.clock import read_clock
from hub.process.supervise import AWAY


class Memory:
    """Read at the start, and anew when one of the stored versions has moved.

    `tools` and `world` are replaced as a whole: a batch that has begun keeps those that it began with.
    """

    def __init__(
        self, connections: Connections, tools: Tools, world: Reading, limiter: Limiter, consumer: Consumer,
        on_untrusted: OnUntrusted,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._limiter = limiter
        self._consumer = consumer
        self._on_untrusted = on_untrusted
        self._registers = RegisterReader(tools.master.store, on_untrusted)
        self.versions: Mapping[str, int] = {}
        self.tools = tools
        self.world = world

    async def open(self) -> None:
        """Read everything; `StartupError` for a store that a newer program has written to."""
        versions = await reading.read_versions(self._connections.reader)
        reading.must_know(versions)
        await self._read(versions)

    async def close(self) -> None:
        """Give back the codes that nobody got."""
        with contextlib.suppress(*AWAY):
            await code_leases.give_back(self._connections.writer, self.tools.codes)

    async def look(self) -> bool:
        """Read again what has changed; whether anything has."""
        return await self.refresh(await reading.read_versions(self._connections.reader))

    async def refresh(self, versions: Mapping[str, int]) -> bool:
        """Whether these versions are other ones than those that are known; everything is read again then."""
        if versions == self.versions:
            return False
        await self._read(versions)
        return True

    async def lease(self, missing: CodesMissingError) -> None:
        """More dossier codes."""
        await code_leases.lease(self._connections.reader, self.tools.codes, missing)

    async def _read(self, versions: Mapping[str, int]) -> None:
        reader = self._connections.reader
        key, told = self.tools.master.store, self._on_untrusted
        directory = await reading.read_directory(reader, key, told)
        clock = await read_clock(reader, self.world.environment)
        await load_terms(reader, self.tools.master, clock.of(datetime.now(UTC)).date(), told)
        self.tools.master.forget()
        rules = self.tools.rules.with_registers(await self._registers.read(reader))
        self.tools = replace(self.tools, directory=directory, rules=rules)
        self.world = replace(self.world, directory=directory, clock=clock)
        before, self.versions = self.versions, versions
        await self._limiter.recall(reader)
        if before and versions.get("offsets") != before.get("offsets"):  # a gap was accepted
            self._consumer.doubt()
