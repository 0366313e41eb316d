"""The programs of the demo: started with their settings, a log each, killed and ended by their own pid."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from hub.errors import StartupError

REPOSITORY = Path(__file__).resolve().parents[2]
_STOP_LIMIT_S = 20.0
# Trusts nobody: everything here is plain HTTP, and to load the machine's authorities takes 40 ms a client.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

T = TypeVar("T")


class Program:
    """One process; its standard error, and its output unless it has a desk, goes to `log`."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.environment = dict(environment)
        self.command = [sys.executable, "-m", *command]
        self.log = folder / f"{name}.log"
        self.process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    async def start(self, *, has_desk: bool = False) -> asyncio.subprocess.Process:
        """Start it in a session of its own, so that the keyboard's interrupt does not reach it."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=REPOSITORY,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.PIPE if has_desk else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if has_desk else log,
                stderr=log,
                limit=1 << 22,
                start_new_session=True,
            )
        return self.process

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.returncode is None

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, after a while SIGKILL."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def healthy_url(self, limit_s: float = 45) -> str:
        """Wait until a process of the hub is ready; the address of its metrics and health."""
        url = await self.until(self.health_url, limit_s, "serve its health")
        async with httpx.AsyncClient(timeout=5, trust_env=False, verify=PLAIN) as client:
            while True:
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        return url
                except httpx.HTTPError:
                    pass
                await self.until(lambda: True, limit_s, "be ready")
                await asyncio.sleep(0.05)

    async def until(self, found: Callable[[], T | None], limit_s: float, what: str) -> T:
        """Wait for something about the process; StartupError when it ends or takes too long."""
        try:
            async with asyncio.timeout(limit_s):
                while (value := found()) is None:
                    if not self.is_running:
                        raise StartupError(f"{self.name} ended: {self.last_line()} (log: {self.log})")
                    await asyncio.sleep(0.03)
                return value
        except TimeoutError:
            raise StartupError(
                f"{self.name} did not {what} within {limit_s:.0f} s: {self.last_line()} (log: {self.log})"
            ) from None

    def last_line(self) -> str:
        """The last line of its log."""
        lines = self._output().splitlines()
        return lines[-1] if lines else "no output"

    def health_url(self) -> str | None:
        """Where this life of a process of the hub serves metrics and health; None before it does."""
        port = self._health_port()
        return f"http://127.0.0.1:{port}" if port is not None else None

    def identity(self) -> dict[str, object]:
        """Pid and start time, by which a later run finds it again."""
        assert self.process is not None
        return {
            "name": self.name,
            "pid": self.process.pid,
            "started": psutil.Process(self.process.pid).create_time(),
        }

    def _health_port(self) -> int | None:
        for line in reversed(self._output().splitlines()):
            if line.startswith("{") and '"health_ready"' in line:
                return int(json.loads(line)["port"])
        return None

    def _output(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")


def end_recorded(programs: Sequence[Mapping[str, object]]) -> int:
    """End what an earlier run left running, each by its pid and start time; how many it were."""
    found = []
    for record in programs:
        try:
            process = psutil.Process(int(str(record["pid"])))
            if abs(process.create_time() - float(str(record["started"]))) < 1:
                process.send_signal(signal.SIGTERM)
                found.append(process)
        except psutil.Error:
            continue
    _, left = psutil.wait_procs(found, timeout=_STOP_LIMIT_S)
    for process in left:
        process.kill()
    return len(found)
