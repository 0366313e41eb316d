"""Form 06, the register of a one-stop, out of many stored dossiers: its time and its memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from bench.arena import Arena, Bench, arena, settle_disk
from bench.commands import HEADER, CommandMeasured, cells, measure_command
from bench.reports import fill, stored
from bench.results import page, table
from tests.support.requests import ONE_STOP

_TARGET_S = 20.0
_YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """Sizes are numbers of dossiers, which are rows of the register."""

    sizes: tuple[int, ...] = (10_000, 100_000)
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class RegisterMeasured:
    """One register as an operator writes it."""

    rows: int
    round: int
    taken: CommandMeasured


async def run_register(bench: Bench, plan: RegisterPlan) -> list[RegisterMeasured]:
    """Fill up to each size, then write the register so often."""
    results: list[RegisterMeasured] = []
    async with arena(bench, partitions=1) as place:
        filled = 0
        for size in plan.sizes:
            await fill(place, [stored(number) for number in range(filled, size)])
            filled = size
            await settle_disk(bench)
            results += [await _measure(bench, place, size, number) for number in range(plan.rounds)]
    return results


async def _measure(bench: Bench, place: Arena, size: int, number: int) -> RegisterMeasured:
    into = place.folder / f"register-{size}-{number}.xlsx"
    words = ("forms", "register", ONE_STOP, *_YEAR, "--into", str(into), "--reason", "bench")
    taken = await measure_command(bench, place, "hub.cli.main", *words)
    with ZipFile(into) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
        rows = sum(part.count(b"<row ") for part in sheet) - 1
    into.unlink()
    if rows != size:
        raise AssertionError(f"the register has {rows} rows of {size}")
    print(
        f"register {size:,} rows round {number + 1}: {taken.seconds:.1f} s, {taken.peak_mib:.0f} MiB, "
        f"foreign {taken.foreign_cores:.2f}",
        flush=True,
    )
    return RegisterMeasured(size, number, taken)


def register_page(machine: Mapping[str, Any], measured: Sequence[RegisterMeasured]) -> str:
    """A row a round."""
    rows = [cells((f"{one.rows:,}", str(one.round + 1)), one.taken) for one in measured]
    about = (
        "`hub forms register` of a year as XLSX, as a process from its start to its end: each dossier's "
        "facts are checked and its personal data opened. Memory is the peak of the process. The target is "
        f"{_TARGET_S:.0f} s for 100,000 rows, and a memory that does not grow with them."
    )
    return page("The register of a one-stop", about, machine, [table(("rows", "round", *HEADER), rows)])
