"""Two checkouts of the project by turns: what a change costs, with the same copy loop beside either."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.arena import REPOSITORY
from bench.failures import failed
from bench.results import Spread, page, ratio_text, ratios, table

HUB, COPY = "hub-1", "copy-send"
_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One program in one turn: `side` is `before` or `now`; CPU in microseconds per event."""

    side: str
    commit: str
    turn: int
    program: str
    events_per_s: float
    program_us: float
    postgres_us: float
    foreign_cores: float


def run_compared(before: Path, turns: int, events: int) -> list[Turn]:
    """The core job of one engine and of the copy loop: before, now, before, now; it checks outputs."""
    measured: list[Turn] = []
    for turn in range(turns):
        for side, checkout in (("before", before), ("now", REPOSITORY)):
            try:
                measured += _turn(side, checkout, turn, events)
            except (subprocess.SubprocessError, OSError) as error:
                failed(f"turn {turn + 1}/{turns} {side} ({checkout})", error)
    return measured


def _turn(side: str, checkout: Path, turn: int, events: int) -> list[Turn]:
    results = checkout / "bench" / "results"
    with _put_back(results / "core.json", results / "core.md"):
        subprocess.run(
            [
                checkout / ".venv" / "bin" / "python", "-m", "bench", "core", "--only", f"{HUB},{COPY}",
                "--rounds", "1", "--events", str(events),
            ],
            cwd=checkout, check=True, timeout=_LIMIT_S, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        told = json.loads((results / "core.json").read_text("utf-8"))
    found = [
        Turn(
            side, told["machine"]["commit"], turn, one["contender"], one["events_per_s"], one["client_us"],
            one["postgres_us"], one["foreign_cores"],
        )
        for one in told["measured"]
    ]  # fmt: skip
    for one in found:
        print(
            f"turn {turn + 1} {one.side:6} {one.commit} {one.program:9} {one.events_per_s:9,.0f} ev/s  "
            f"us/ev program {one.program_us:6.1f} postgres {one.postgres_us:6.1f}  "
            f"foreign {one.foreign_cores:.2f} cores",
            flush=True,
        )
    return found


@contextmanager
def _put_back(*files: Path) -> Iterator[None]:
    kept = {file: file.read_bytes() for file in files if file.exists()}
    try:
        yield
    finally:
        for file, content in kept.items():
            file.write_bytes(content)


def compared_page(machine: Mapping[str, Any], events: int, measured: Sequence[Turn]) -> str:
    """What each took, and now / before turn by turn (pure)."""
    about = (
        f"The core job ({events:,} events) of one engine and of the copy loop, in two checkouts by turns. "
        "The copy loop is the same in both: how far its ratio is from 1 says what the machine did meanwhile."
    )
    rows = [
        (
            program, side, ", ".join(sorted({one.commit for one in found})),
            Spread.of(one.events_per_s for one in found).rate(),
            Spread.of(one.program_us for one in found).rate(),
            Spread.of(one.postgres_us for one in found).rate(),
        )
        for program in (HUB, COPY)
        for side in ("before", "now")
        if (found := [one for one in measured if (one.program, one.side) == (program, side)])
    ]  # fmt: skip
    header = ("program", "checkout", "commit", "events/s", "program us", "PostgreSQL us")
    both = [
        (
            program,
            *(ratio_text(_now_to_before(measured, program, name)) for name in ("events_per_s", "program_us")),
        )
        for program in (HUB, COPY)
    ]
    sections = [table(header, rows), table(("now / before", "events/s", "program us"), both)]
    return page("Before and now", about, machine, sections)


def _now_to_before(measured: Sequence[Turn], program: str, name: str) -> Spread | None:
    sides: dict[str, dict[int, float]] = {"before": {}, "now": {}}
    for one in measured:
        if one.program == program:
            sides[one.side][one.turn] = getattr(one, name)
    return ratios(sides, "now", "before")
