"""What is read from outside while a run goes on: output watermarks and CPU of the processes concerned."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.arena import Bench

_TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds so far of the measured programs, PostgreSQL, the broker, this bench, the machine."""

    client: float
    postgres: float
    broker: float
    bench: float
    machine: float

    def since(self, earlier: Cpu) -> Cpu:
        """The difference to an earlier reading."""
        return Cpu(
            self.client - earlier.client,
            self.postgres - earlier.postgres,
            self.broker - earlier.broker,
            self.bench - earlier.bench,
            self.machine - earlier.machine,
        )

    @property
    def foreign(self) -> float:
        """CPU seconds of processes that have nothing to do with the run."""
        return max(0.0, self.machine - self.client - self.postgres - self.broker - self.bench)


@dataclass(frozen=True, slots=True)
class Sample:
    """Messages in the output topics at a moment, and the CPU used until then."""

    at_s: float
    outputs: int
    cpu: Cpu


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a run between 10 % and 100 % of its output."""

    seconds: float
    outputs: float
    cpu: Cpu


def window(samples: Sequence[Sample], low: float = 0.1) -> Window:
    """Cut the run at `low` of its output and where the last output was seen; times are interpolated (pure).

    Raises `ValueError` when the samples show no growth.
    """
    start, total = samples[0].outputs, samples[-1].outputs
    if total <= start:
        raise ValueError("the output did not grow")
    begin = _crossing(samples, start + (total - start) * low)
    end = next(sample for sample in samples if sample.outputs >= total)
    return Window(end.at_s - begin.at_s, (total - start) * (1 - low), end.cpu.since(begin.cpu))


def _crossing(samples: Sequence[Sample], wanted: float) -> Sample:
    before = samples[0]
    for after in samples[1:]:
        if after.outputs >= wanted:
            share = (wanted - before.outputs) / max(after.outputs - before.outputs, 1)
            return Sample(
                before.at_s + (after.at_s - before.at_s) * share,
                round(wanted),
                _between(before.cpu, after.cpu, share),
            )
        before = after
    return before


def _between(first: Cpu, second: Cpu, share: float) -> Cpu:
    gone = second.since(first)
    return Cpu(
        first.client + gone.client * share,
        first.postgres + gone.postgres * share,
        first.broker + gone.broker * share,
        first.bench + gone.bench * share,
        first.machine + gone.machine * share,
    )


class CpuMeter:
    """Reads `/proc`; a process that has ended counts with what was last read of it."""

    def __init__(self, bench: Bench, client_pids: Iterable[int]) -> None:
        self._bench = bench
        self._client_pids = list(client_pids)
        self._ended: dict[int, float] = {}

    def read(self) -> Cpu:
        """CPU seconds until now."""
        return Cpu(
            client=sum(self._of(pid) for pid in self._client_pids),
            postgres=family_used(self._bench.postmaster_pid),
            broker=self._of(self._bench.broker_pid),
            bench=time.process_time(),
            machine=_machine(),
        )

    def _of(self, pid: int) -> float:
        used = _used(pid)
        if used is not None:
            self._ended[pid] = used
        return self._ended.get(pid, 0.0)


def _fields(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _used(pid: int, *, is_with_reaped: bool = False) -> float | None:
    fields = _fields(pid)
    if fields is None:
        return None
    return sum(int(ticks) for ticks in fields[11 : 15 if is_with_reaped else 13]) / _TICKS


def family_used(parent: int) -> float:
    """CPU seconds of a process with its living children and those it has waited for."""
    total = _used(parent, is_with_reaped=True) or 0.0
    children = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        pids = children.read_text().split()
    except FileNotFoundError:
        pids = []
    return total + sum(_used(int(pid)) or 0.0 for pid in pids)


def _machine() -> float:
    ticks = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle, iowait = ticks[3], ticks[4]
    return (sum(ticks) - idle - iowait) / _TICKS


def resident_mib(pid: int) -> float:
    """Resident memory of one process now."""
    return _status_mib(pid, "VmRSS")


def peak_mib(pids: Iterable[int]) -> float:
    """The highest resident memory so far, summed over processes."""
    return sum(_status_mib(pid, "VmHWM") for pid in pids)


def _status_mib(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def family_mib(parent: int) -> float:
    """A process and its children; memory that they share counts once (PSS)."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(_proportional_mib(int(pid)) for pid in (str(parent), *children))


def _proportional_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


async def outputs_of(reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> int:
    """Messages in the partitions: the sum of their watermarks."""
    ends = await reader.end_offsets(partitions)
    return sum(ends.values())


class Watch:
    """Samples until the output has come or stands still."""

    def __init__(
        self,
        reader: AIOKafkaConsumer,
        partitions: Sequence[TopicPartition],
        meter: CpuMeter,
        check: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._partitions = partitions
        self._meter = meter
        self._check = check

    async def until(self, expected: int, *, quiet_s: float, limit_s: float) -> list[Sample]:
        """Sample until `expected` outputs came and `quiet_s` brought no more; raises after `limit_s`."""
        samples = [await self._sample()]
        grown_at = started = time.perf_counter()
        while True:
            await asyncio.sleep(SAMPLE_S)
            self._check()
            samples.append(await self._sample())
            now = samples[-1].at_s
            if samples[-1].outputs > samples[-2].outputs:
                grown_at = now
            if samples[-1].outputs >= expected and now - grown_at >= quiet_s:
                return samples
            if now - started > limit_s:
                raise TimeoutError(f"{samples[-1].outputs} of {expected} outputs after {limit_s:.0f} s")

    async def _sample(self) -> Sample:
        outputs = await outputs_of(self._reader, self._partitions)
        return Sample(time.perf_counter(), outputs, self._meter.read())
