"""A year's report over many stored facts: how long it takes, and how much memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from bench.arena import Arena, Bench, arena, settle_disk
from bench.commands import measure_command
from bench.results import page, table
from hub.facts.sealing import MasterKey
from hub.regulation.clock import VIETNAM
from tests.support.requests import ONE_STOP
from tests.support.stored_dossiers import StoredDossier, store_dossiers

FACTS_EACH = 10
_AT_ONCE, _KEYS = 2_000, 200
_TARGET_S = 30.0
_YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")
_REPORTS: Mapping[str, tuple[str, ...]] = {
    "766": ("766", *_YEAR),
    "work": ("work", *_YEAR),
    "late": ("late", *_YEAR),
}


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
            await fill(place, [stored(number) for number in range(filled, size)])
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


async def _measure(
    bench: Bench, place: Arena, size: int, name: str, words: Sequence[str], number: int
) -> ReportMeasured:
    into = place.folder / f"{name}-{size}-{number}.csv"
    one = await measure_command(bench, place, "hub.cli.main", "report", *words, "--into", str(into))
    if not into.stat().st_size:
        raise AssertionError(f"hub report {name} wrote nothing")
    return ReportMeasured(size, size * FACTS_EACH, name, number, **asdict(one))


async def fill(place: Arena, dossiers: Sequence[StoredDossier]) -> None:
    """Facts as an engine writes them, of dossiers from their submission to their result."""
    master = MasterKey.from_file(place.hub.master_key_file)
    keys = [master.new_key() for _ in range(_KEYS)]
    for begin in range(0, len(dossiers), _AT_ONCE):
        await store_dossiers(place.hub.database, master, keys, dossiers[begin : begin + _AT_ONCE])
    await place.hub.database.execute("vacuum (analyze) fact, dossier_key", timeout=1200)


def stored(number: int, one_stop: str = ONE_STOP) -> StoredDossier:
    """Lodged on some day of ten months of 2026, due one to five days later."""
    begun = datetime(2026, 1, 5, 8, tzinfo=VIETNAM) + timedelta(days=number * 7919 % 300)
    return StoredDossier(number, begun, one_stop, days=1 + number % 5, length=FACTS_EACH)


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
        f"{' and '.join(f'{size:,}' for size in plan.sizes)} dossiers ({FACTS_EACH} each) as an engine "
        "writes them, each checked before it counts. Memory is the peak of the process. The target is "
        f"{_TARGET_S:.0f} s for 1,000,000 facts of 100,000 dossiers on two cores, and a memory that does not "
        "grow with them (but for the list `late`, whose rows are held)."
    )
    return page("Reports over a year's facts", about, machine, [table(header, rows)])
