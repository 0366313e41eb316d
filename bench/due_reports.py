"""The reports that are due at the beginning of a month: counted one by one, and in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.arena import Arena, Bench, arena, settle_disk
from bench.commands import HEADER, CommandMeasured, cells, measure_command
from bench.reports import FACTS_EACH, fill, stored
from bench.results import page, table
from hub.participants import register_editions
from tests.support.many_one_stops import ONE_STOPS, province

_SOME = 20


@dataclass(frozen=True, slots=True)
class DueReportsPlan:
    """Sizes are numbers of dossiers, each of ten facts; one by one is done at the first of them alone."""

    sizes: tuple[int, ...] = (20_000, 100_000)
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class DueMeasured:
    """So many reports of a month, `one by one` or `together`."""

    facts: int
    reports: int
    how: str
    round: int
    taken: CommandMeasured


async def run_due_reports(bench: Bench, plan: DueReportsPlan) -> list[DueMeasured]:
    """Twenty reports both ways, then those of all one-stops together."""
    results: list[DueMeasured] = []
    async with arena(bench, partitions=1) as place:
        await register_editions.add(
            place.hub.database, place.hub.store_key, "organisations", province().as_json(), "bench", "bench"
        )
        filled = 0
        for size in plan.sizes:
            numbers = range(filled, size)
            await fill(place, [stored(one, ONE_STOPS[one % len(ONE_STOPS)]) for one in numbers])
            filled = size
            await settle_disk(bench)
            for number in range(plan.rounds):
                if size == plan.sizes[0]:
                    results.append(await _measure(bench, place, size, _SOME, "one by one", number))
                results.append(await _measure(bench, place, size, _SOME, "together", number))
                results.append(await _measure(bench, place, size, 0, "together", number))
    return results


async def _measure(bench: Bench, place: Arena, size: int, some: int, how: str, number: int) -> DueMeasured:
    count = some or 3 * len(ONE_STOPS)
    taken = await measure_command(bench, place, "bench.due_reports_child", how, str(count))
    said = (
        f"{count} {how}: {taken.seconds:.1f} s, {taken.peak_mib:.0f} MiB, foreign {taken.foreign_cores:.2f}"
    )
    print(f"due reports {size:,} dossiers: {said}", flush=True)
    return DueMeasured(size * FACTS_EACH, count, how, number, taken)


def due_reports_page(machine: Mapping[str, Any], measured: Sequence[DueMeasured]) -> str:
    """A row for each way."""
    rows = [
        cells((f"{one.facts:,}", str(one.reports), one.how, str(one.round + 1)), one.taken)
        for one in measured
    ]
    about = (
        "The lists of late dossiers and the months of officers and agencies of the one-stops of a province "
        f"with {len(ONE_STOPS)} of them, counted as the typesetter counts those that wait, in a process from "
        "its start to its end, without their paper. Together the store is read once, however many there are."
    )
    return page(
        "Reports that are due", about, machine, [table(("facts", "reports", "how", "round", *HEADER), rows)]
    )
