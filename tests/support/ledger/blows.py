"""Ledger: strikes processes and servers, and journals each blow before it falls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

import psutil

from hub.embedded import stack as embedded
from hub.embedded.state import Server
from tests.support.ledger.actors import EngineActor, ProcessActor
from tests.support.ledger.journal import Journal
from tests.support.ledger.kills import Step
from tests.support.waiting import eventually

_CRASH_LIMIT_S = 20.0


class Blows:
    """Carries out the steps of a plan; `feed` is called while a life waits for the work that kills it."""

    def __init__(
        self,
        home: Path,
        engines: Sequence[EngineActor],
        clients: Sequence[ProcessActor],
        counterparts: Sequence[ProcessActor],
        journal: Journal,
        feed: Callable[[], None],
    ) -> None:
        self._home = home
        self._engines = engines
        self._clients = clients
        self._counterparts = counterparts
        self._journal = journal
        self._feed = feed

    async def strike(self, step: Step) -> None:
        """One blow; returns when the target is on its way up again."""
        engine = self._engines[step.number % len(self._engines)]
        match step.blow:
            case "engine":
                self._note(engine.name, "SIGKILL")
                await engine.kill()
            case "crash":
                await self._crash(engine, step)
            case "pause_engine":
                self._note(engine.name, "SIGSTOP")
                await engine.pause(step.pause_s)
            case "client" | "counterpart":
                group = self._clients if step.blow == "client" else self._counterparts
                target = group[step.number % len(group)]
                self._note(f"{step.blow}-{target.name}", "SIGKILL")
                await target.kill()
            case "postgres" | "kafka":
                self._note(step.blow, "SIGKILL")
                await asyncio.to_thread(self._restart, step.blow)
            case "pause_postgres" | "pause_kafka":
                await self._pause("postgres" if step.blow == "pause_postgres" else "kafka", step.pause_s)
            case "rolling":
                await self._roll()
            case _ as never:
                assert_never(never)

    async def _crash(self, engine: EngineActor, step: Step) -> None:
        """A life that ends itself at a named point; one that never comes there is killed plainly."""
        assert step.crash_at is not None
        await engine.stop()
        engine.extra = {"HUB_CRASH_AT": step.crash_at}
        engine.start()
        pid = engine.pid

        def is_over() -> bool:
            self._feed()
            return engine.pid != pid or engine.is_dead

        with contextlib.suppress(AssertionError):
            await eventually(is_over, _CRASH_LIMIT_S, "the crash point")
        if engine.pid == pid and not engine.is_dead:
            self._note(engine.name, "SIGKILL")
            await engine.kill()
        else:
            self._note(engine.name, "SIGKILL", step.crash_at.partition(":")[0])

    async def _roll(self) -> None:
        for engine in self._engines:
            self._note(engine.name, "SIGTERM")
            await engine.stop()
            engine.start()
            await engine.ready()

    def _restart(self, server: Server) -> None:
        if server == "kafka":
            embedded.stop_kafka(self._home, kill=True)
            embedded.start_kafka(self._home)
        else:
            embedded.stop_postgres(self._home, kill=True)
            embedded.start_postgres(self._home)

    async def _pause(self, server: Server, seconds: float) -> None:
        pid = next(status.pid for status in embedded.status(self._home) if status.server == server)
        assert pid is not None
        parent = psutil.Process(pid)
        family = [pid, *(child.pid for child in parent.children(recursive=True))]
        self._note(server, "SIGSTOP")
        _signal_all(family, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            _signal_all(family, signal.SIGCONT)

    def _note(self, target: str, number: str, crash_point: str | None = None) -> None:
        line = {
            "target": target,
            "signal": number,
            "at": datetime.now(UTC).isoformat(),
            "crash_point": crash_point,
        }
        self._journal.write([line])


def _signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
