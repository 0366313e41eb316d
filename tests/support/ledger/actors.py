"""Ledger: the processes of a run, started again whenever they end, and counted over all their lives."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.support.ledger.site import Site
from tests.support.processes import HubProcess
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually

_AGAIN_S = 0.3
_MISSES = re.compile(r'^hub_commit_failures_total\{kind="(\w+)"\} (\d+)', re.MULTILINE)
_BUGGY = "tests.support.ledger.buggy_engine"


class EngineActor:
    """One engine by its instance name; `exits` holds the last words of lives that ended by themselves."""

    def __init__(self, site: Site, name: str) -> None:
        self.name = name
        self.exits: list[str] = []
        self.extra: dict[str, str] = {}
        environment = site.engine_environment(name)
        self._process = HubProcess("engine", name, environment, site.folder, site.root, is_fresh=True)
        self._fixed_command = self._process._command
        self._is_wanted = False
        self._life: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()

    @property
    def misses(self) -> Counter[str]:
        """Writes that were rolled back, by kind, over all lives (what was seen of them)."""
        return self._misses + self._life

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_dead(self) -> bool:
        return self._process.exit_status is not None

    def start(self, *, is_buggy: bool = False) -> None:
        """Begin a life; it is begun again whenever it ends, until `stop`."""
        self._process._command = [sys.executable, "-m", _BUGGY] if is_buggy else self._fixed_command
        self._begin()
        self._is_wanted = True

    async def stop(self) -> None:
        """End politely, and stay ended."""
        self._is_wanted = False
        if not self.is_dead:
            await self.watch_metrics()
            await self._process.stop()

    async def kill(self) -> None:
        """SIGKILL, once it lives; the next life begins soon."""
        self.extra = {}
        await eventually(lambda: not self.is_dead, 10, f"{self.name} to live")
        with contextlib.suppress(ProcessLookupError):
            self._process.signal(signal.SIGKILL)
        await self._process.ended()

    async def pause(self, seconds: float) -> None:
        """SIGSTOP, once it lives, and SIGCONT after a while."""
        await eventually(lambda: not self.is_dead, 10, f"{self.name} to live")
        self._process.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            self._process.signal(signal.SIGCONT)

    async def ready(self, limit_s: float = 60) -> None:
        """Wait for readiness."""
        await self._process.ready(limit_s)

    def _should_begin(self) -> bool:
        return self._is_wanted and self.is_dead

    async def keep(self) -> None:
        """Begin the next life whenever one has ended."""
        while True:
            await asyncio.sleep(0.05)
            if self._should_begin():
                status = self._process.exit_status
                if status != -signal.SIGKILL:
                    self.exits.append(f"{self.name} ended with {status}: {self._last_line()}")
                self.extra = {}
                await asyncio.sleep(_AGAIN_S)
                if self._should_begin():
                    self._begin()

    async def watch_metrics(self) -> None:
        """Look at what this life has counted so far."""
        if self.is_dead or not self._process.actions("health_ready"):
            return
        with contextlib.suppress(httpx.HTTPError, AssertionError, TimeoutError):
            text = await asyncio.wait_for(self._process.metrics(), 3)
            self._life = Counter({kind: int(count) for kind, count in _MISSES.findall(text)})

    def _begin(self) -> None:
        self._misses, self._life = self.misses, Counter()
        self._process.start(**self.extra)

    def _last_line(self) -> str:
        lines = [line for line in self._process.output().splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


class ProcessActor:
    """Any other process of a run: a participant, an adapter, a sandbox."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, root: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.exits: list[str] = []
        self._command = [sys.executable, "-m", *command]
        self._log = folder / f"{name}.log"
        self._root = root
        self._environment = os.environ | environment
        self._is_wanted = False

    def start(self) -> None:
        """Begin a life; it is begun again whenever it ends."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._root, env=self._environment, stdout=log, stderr=log
            )
        self._is_wanted = True

    async def kill(self) -> None:
        """SIGKILL, once it lives; the next life begins soon."""
        await eventually(lambda: self._process.poll() is None, 10, f"{self.name} to live")
        os.kill(self._process.pid, signal.SIGKILL)
        await asyncio.to_thread(self._process.wait, 10)

    async def stop(self) -> None:
        """End politely, and stay ended."""
        if not self._is_wanted:
            return
        self._is_wanted = False
        if self._process.poll() is None:
            self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait, 10)

    def _should_begin(self) -> bool:
        return self._is_wanted and self._process.poll() is not None

    async def keep(self) -> None:
        """Begin the next life whenever one has ended."""
        while True:
            await asyncio.sleep(0.05)
            if self._should_begin():
                if self._process.returncode != -signal.SIGKILL:
                    self.exits.append(f"{self.name} ended with {self._process.returncode}")
                await asyncio.sleep(_AGAIN_S)
                if self._should_begin():
                    self.start()


def client(name: str, config: Path) -> ProcessActor:
    """A participant of the ledger's own."""
    command = ["tests.support.ledger.client_process", str(config)]
    return ProcessActor(name, command, config.parent, REPOSITORY, {})
