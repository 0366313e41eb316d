"""One command of the hub as an operator gives it: how long it takes, on which cores, in how much memory."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.arena import Arena, Bench
from bench.measuring import CpuMeter


@dataclass(frozen=True, slots=True)
class CommandMeasured:
    """A process from its start to its end."""

    seconds: float
    process_cores: float
    postgres_cores: float
    foreign_cores: float
    peak_mib: float


async def measure_command(bench: Bench, place: Arena, *words: str) -> CommandMeasured:
    """Run `python -m WORDS` with the settings of the hub; raises `AssertionError` where it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words), env=os.environ | place.hub.environment | {"HUB_ENVIRONMENT": "test"}
    )
    meter = CpuMeter(bench, [process.pid])
    before, begun = meter.read(), time.perf_counter()
    last, peak_kib = before, 0
    while process.returncode is None:
        try:
            async with asyncio.timeout(0.2):
                await process.wait()
        except TimeoutError:
            last, peak_kib = meter.read(), max(peak_kib, _peak_kib(process.pid))
    elapsed = time.perf_counter() - begun
    if process.returncode:
        raise AssertionError(f"{' '.join(words)} ended with {process.returncode}")
    used = last.since(before)
    cores = (used.client / elapsed, used.postgres / elapsed, used.foreign / elapsed)
    return CommandMeasured(elapsed, *cores, peak_kib / 1024)


def cells(words: Sequence[str], one: CommandMeasured) -> tuple[str, ...]:
    """A row of a table: what was done, then what it took."""
    numbers = (one.process_cores, one.postgres_cores, one.foreign_cores)
    return (*words, f"{one.seconds:.1f}", f"{one.peak_mib:.0f}", *(f"{cores:.2f}" for cores in numbers))


HEADER = ("seconds", "peak MiB", "process cores", "PostgreSQL cores", "foreign cores")
"""Of `cells`, after what was done."""


def _peak_kib(pid: int) -> int:
    """`VmHWM` of a process that runs; 0 of one that has just ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123  small
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0
