"""A year's report over many stored facts: how long it takes, and how much memory."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bench.arena import Arena, Bench, arena, settle_disk
from bench.measuring import CpuMeter
from bench.results import page, table
from hub.facts.fact_bytes import FactPlace, Origin, store_fact
from hub.facts.sealing import DossierKey, MasterKey
from hub.identifiers import derived_id
from hub.regulation.clock import VIETNAM
from schemas.base import Fact
from schemas.dossier import DossierAccepted
from tests.support.dossiers import MONDAY, issued, law

_FACTS_EACH = 10
_AT_ONCE, _KEYS = 2_000, 200
_TARGET_S = 30.0
_YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")
_REPORTS: Mapping[str, tuple[str, ...]] = {
    "766": ("766", *_YEAR),
    "work": ("work", *_YEAR),
    "late": ("late", *_YEAR),
}
_FACT = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash", "mac")


@dataclass(frozen=True, slots=True)
class ReportsPlan:
    """Sizes are numbers of dossiers, each of ten facts, lodged over ten months of 2026."""

    sizes: tuple[int, ...] = (10_000, 100_000)
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class ReportMeasured:
    """One report as an operator makes it: a process from its start to its end."""

    dossiers: int
    facts: int
    report: str
    round: int
    seconds: float
    process_cores: float
    postgres_cores: float
    foreign_cores: float
    peak_mib: float


async def run_reports(bench: Bench, plan: ReportsPlan) -> list[ReportMeasured]:
    """Fill up to each size, then make each report so often."""
    results: list[ReportMeasured] = []
    async with arena(bench, partitions=1) as place:
        filled = 0
        for size in plan.sizes:
            await _fill(place, filled, size)
            filled = size
            await settle_disk(bench)
            for number in range(plan.rounds):
                for name, words in _REPORTS.items():
                    one = await _measure(bench, place, size, name, words, number)
                    print(
                        f"reports {size:,} dossiers round {number + 1}/{plan.rounds} {name}: "
                        f"{one.seconds:.1f} s, {one.peak_mib:.0f} MiB, foreign {one.foreign_cores:.2f}",
                        flush=True,
                    )
                    results.append(one)
    return results


async def _fill(place: Arena, first: int, size: int) -> None:
    """Facts as an engine writes them, of a dossier from its submission to its result."""
    database, master = place.hub.database, MasterKey.from_file(place.hub.master_key_file)
    story = [(fact, at - MONDAY) for fact, at, _ in issued().facts]
    keys = [master.new_key() for _ in range(_KEYS)]
    for begin in range(first, size, _AT_ONCE):
        numbers = range(begin, min(begin + _AT_ONCE, size))
        rows = [row for number in numbers for row in _rows(master, keys, story, number)]
        await database.copy_records_to_table("fact", records=rows, columns=_FACT, timeout=600)
    await database.execute("vacuum (analyze) fact", timeout=1200)


def _rows(
    master: MasterKey, keys: Sequence[DossierKey], story: Sequence[tuple[Fact, timedelta]], number: int
) -> Iterator[tuple[Any, ...]]:
    begun = datetime(2026, 1, 5, 8, tzinfo=VIETNAM) + timedelta(days=number * 7919 % 300)
    moment_ms = int(begun.timestamp() * 1000) + number
    dossier = derived_id(moment_ms, "bench", str(number))
    previous: bytes | None = None
    for sequence in range(1, _FACTS_EACH + 1):
        fact, after = story[min(sequence, len(story)) - 1]
        at = begun + after
        if isinstance(fact, DossierAccepted):
            fact = fact.model_copy(update={"accepted_at": at, "due_at": at + timedelta(days=1 + number % 5)})
        origin = Origin("/bench", f"{number}-{sequence}", moment_ms, at, law().versions, ())
        place = FactPlace(dossier, sequence, previous, keys[number % len(keys)])
        made, _ = store_fact(fact, 0, origin, place, ("counter-a",))
        previous = made.hash
        check = master.store.fact(made.hash)
        yield (
            UUID(dossier), sequence, UUID(made.id), made.type, made.time, made.content, made.hash, check,
        )  # fmt: skip


async def _measure(
    bench: Bench, place: Arena, size: int, name: str, words: Sequence[str], number: int
) -> ReportMeasured:
    into = place.folder / f"{name}-{size}-{number}.csv"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.cli.main", "report", *words, "--into", str(into)),
        env=os.environ | place.hub.environment | {"HUB_ENVIRONMENT": "test"},
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
    if process.returncode or not into.stat().st_size:
        raise AssertionError(f"hub report {name} ended with {process.returncode}")
    used = last.since(before)
    facts = size * _FACTS_EACH
    cores = (used.client / elapsed, used.postgres / elapsed, used.foreign / elapsed)
    return ReportMeasured(size, facts, name, number, elapsed, *cores, peak_kib / 1024)


def _peak_kib(pid: int) -> int:
    """`VmHWM` of a process that runs; 0 of one that has just ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123  small
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def reports_page(machine: Mapping[str, Any], plan: ReportsPlan, measured: Sequence[ReportMeasured]) -> str:
    """A row a report and round."""
    header = (
        "facts", "report", "round", "seconds", "peak MiB", "report cores", "PostgreSQL cores",
        "foreign cores",
    )  # fmt: skip
    rows = [
        (
            f"{one.facts:,}", one.report, str(one.round + 1), f"{one.seconds:.1f}", f"{one.peak_mib:.0f}",
            f"{one.process_cores:.2f}", f"{one.postgres_cores:.2f}", f"{one.foreign_cores:.2f}",
        )
        for one in measured
    ]  # fmt: skip
    about = (
        f"`hub report` of the year 2026, as a process from its start to its end, over facts of "
        f"{' and '.join(f'{size:,}' for size in plan.sizes)} dossiers ({_FACTS_EACH} each) as an engine "
        "writes them, each checked before it counts. Memory is the peak of the process. The target is "
        f"{_TARGET_S:.0f} s for 1,000,000 facts of 100,000 dossiers on two cores, and a memory that does not "
        "grow with them (but for the list `late`, whose rows are held)."
    )
    return page("Reports over a year's facts", about, machine, [table(header, rows)])
