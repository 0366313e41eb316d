"""Test support: a hub process with its log in a file; started, killed and stopped by its own pid."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import orjson

from tests.support.forked import Forked
from tests.support.plain_http import plain_http
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually


class HubProcess:
    """One `hub run ROLE`; `log_file` holds its JSON lines of all its lives.

    It begins as a copy of a process that has imported the hub; anew if `is_fresh`, or of another checkout or
    environment of Python.
    """

    def __init__(
        self,
        role: str,
        name: str,
        environment: dict[str, str],
        folder: Path,
        root: Path = REPOSITORY,
        python: str = sys.executable,
        adapter: str = "",
        *,
        is_fresh: bool = False,
    ) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        self._command = [python, "-m", "hub.cli.main", "run", role, *([adapter] if adapter else [])]
        self.environment = environment
        self._root = root
        self._is_copy = not is_fresh and root == REPOSITORY and python == sys.executable
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._log_start = 0

    def start(self, **extra: str) -> None:
        """Start it; `extra` are settings of this life only, like `HUB_CRASH_AT`."""
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        environment = os.environ | self.environment | extra
        with self.log_file.open("ab") as log:
            if self._is_copy:
                self._process = Forked(self._command[2], self._command[3:], environment, log)
            else:
                self._process = subprocess.Popen(
                    self._command, cwd=self._root, env=environment, stdout=log, stderr=log
                )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll() if self._process is not None else None

    def signal(self, number: int) -> None:
        """Send a signal to this process only."""
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self, limit_s: float = 20) -> int:
        """SIGTERM; returns the exit status."""
        if self.exit_status is None:
            self.signal(signal.SIGTERM)
        return await self.ended(limit_s)

    async def ended(self, limit_s: float = 20) -> int:
        """Wait until the process is gone and return its exit status."""
        await eventually(lambda: self.exit_status is not None, limit_s, f"{self.name} to end")
        assert self.exit_status is not None
        return self.exit_status

    def actions(self, action: str) -> list[dict[str, object]]:
        """The log lines of this life with this action."""
        return [line for line in self.lines() if line.get("action") == action]

    def lines(self) -> list[dict[str, object]]:
        """The JSON log lines of this life; one of which half is written is none yet."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return [
                orjson.loads(line)
                for line in log.read().splitlines(keepends=True)
                if line.startswith(b"{") and line.endswith(b"\n")
            ]

    def output(self) -> str:
        """All that this life wrote."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    async def url(self) -> str:
        """Base address of metrics and health, once it serves."""

        def port() -> object:
            lines = self.actions("health_ready")
            return lines[-1]["port"] if lines else None

        await eventually(
            lambda: port() is not None or self.exit_status is not None,
            30,
            f"{self.name} to serve",
            self.output,
        )
        assert port() is not None, f"ended with {self.exit_status}: {self.output()}"
        return f"http://127.0.0.1:{port()}"

    async def ready(self, limit_s: float = 30) -> None:
        """Wait until `/readyz` says yes."""
        url = await self.url()
        async with plain_http() as client:

            async def is_ready() -> bool:
                try:
                    return (await client.get(f"{url}/readyz")).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(is_ready, limit_s, f"{self.name} to be ready", self.output)

    async def metrics(self) -> str:
        """The Prometheus text."""
        async with plain_http() as client:
            return (await client.get(f"{await self.url()}/metrics")).text

    async def end(self) -> None:
        """End whatever is left of it."""
        if self._process is not None and self.exit_status is None:
            self.signal(signal.SIGCONT)
            await self.kill()
        await asyncio.sleep(0)
