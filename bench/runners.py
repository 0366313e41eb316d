"""The measured programs as processes: started, held while the input is loaded, let go, ended by their pid."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from bench.arena import REPOSITORY
from bench.contenders import Contender

_END_LIMIT_S = 20.0


def bench_python() -> str:
    """The interpreter that has quixstreams, bytewax and DBOS."""
    return os.environ.get("BENCH_PYTHON") or str(REPOSITORY / ".venv-bench" / "bin" / "python")


def cannot_run(contenders: Sequence[Contender]) -> dict[str, str]:
    """Which of these cannot run on this machine, by name, and why.

    SystemExit where only the packages of the compared programs are missing, which `make bench` installs.
    """
    python = bench_python()
    if any(one.needs_bench_python for one in contenders) and not Path(python).exists():
        raise SystemExit(f"bench: no {python} with quixstreams, bytewax and DBOS; `make bench` builds it")
    if shutil.which("javac"):
        return {}
    return {one.name: "no `javac` on this machine (a JDK has it)" for one in contenders if one.needs_javac}


class Runner:
    """One or more processes of one contender; use as an async context manager."""

    def __init__(
        self,
        module: str,
        environments: Sequence[Mapping[str, str]],
        folder: Path,
        *,
        python: str = sys.executable,
        arguments: Sequence[str] = (),
    ) -> None:
        self._module = module
        self._environments = environments
        self._folder = folder
        self._command = [python, "-m", module, *arguments]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._is_held = False

    async def __aenter__(self) -> Self:
        for number, environment in enumerate(self._environments):
            with (self._folder / f"{self._module}-{number}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(  # noqa: ASYNC220  returns at once
                        self._command,
                        cwd=REPOSITORY,
                        env=os.environ | environment,
                        stdout=log,
                        stderr=log,
                    )
                )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_held:
            self.release()
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                await asyncio.to_thread(process.wait, _END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def pids(self) -> list[int]:
        """Process ids of the contender."""
        return [process.pid for process in self._processes]

    def log(self, number: int) -> str:
        """All that a process has written so far."""
        return (self._folder / f"{self._module}-{number}.log").read_text(errors="replace")

    def check(self) -> None:
        """Raise with the end of its log when a process has ended."""
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                tail = self.log(number)[-3000:]
                raise RuntimeError(f"{self._module} ended with {process.returncode}:\n{tail}")

    def hold(self) -> None:
        """Stop the processes (SIGSTOP): they stay members of their group for their session time-out."""
        self._is_held = True
        for process in self._processes:
            process.send_signal(signal.SIGSTOP)

    def release(self) -> None:
        """Let the processes run on."""
        self._is_held = False
        for process in self._processes:
            process.send_signal(signal.SIGCONT)


async def group_is_stable(
    admin: AdminClient, group: str, members: int, limit_s: float, runner: Runner
) -> None:
    """Wait until a group has all its members and no rebalance is under way."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        runner.check()
        if await asyncio.to_thread(_is_stable, admin, group, members):
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{group} has not got {members} members after {limit_s:.0f} s")


def _is_stable(admin: AdminClient, group: str, members: int) -> bool:
    try:
        described = admin.describe_consumer_groups([group], request_timeout=5)[group].result(6)
    except KafkaException:
        return False
    return described.state == ConsumerGroupState.STABLE and len(described.members) == members
