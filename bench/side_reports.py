"""The pages of latency and scale (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.core import Measured, Plan
from bench.latency import LatencyMeasured
from bench.results import Spread, page, table
from bench.scale import ScaleMeasured

TITLES = {"copy-pipelined": "copy loop, commit once a second", "hub-1": "hub, 1 engine, to the receipt"}


def peak_of(measured: Sequence[Measured]) -> float:
    """The median rate of one engine in the core job; raises `ValueError` when there is none."""
    return Spread.of(one.events_per_s for one in measured if one.contender == "hub-1").median


def latency_page(machine: Mapping[str, Any], seconds: float, measured: Sequence[LatencyMeasured]) -> str:
    """p50 and p99 side by side."""
    rows = [
        (
            f"{one.rate:,}", TITLES[one.program], f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", str(one.missing),
            f"{one.busy_cores:.2f}", f"{one.foreign_cores:.2f}",
        )
        for one in measured
    ]  # fmt: skip
    header = ("events/s", "program", "p50 ms", "p99 ms", "missing", "busy cores", "foreign cores")
    about = (
        f"Open loop for {seconds:.0f} s after 2 s of warm-up; from the moment an event was due "
        f"to be sent until "
        "its output was read by another client. Load client, broker, PostgreSQL and program "
        "share the machine. "
        "The last rate is half of what one engine did in the core job."
    )
    return page("Latency", about, machine, [table(header, rows), _latency_ratios(measured)])


def _latency_ratios(measured: Sequence[LatencyMeasured]) -> str:
    lines = []
    for rate in dict.fromkeys(one.rate for one in measured):
        at = {one.program: one for one in measured if one.rate == rate}
        if len(at) == len(TITLES):
            hub, copy = at["hub-1"], at["copy-pipelined"]
            lines.append(f"* {rate:,}/s: hub / copy loop p50 {hub.p50_ms / copy.p50_ms:.1f}, "
                         f"p99 {hub.p99_ms / copy.p99_ms:.1f}")  # fmt: skip
    return "\n".join(lines)


def scale_page(machine: Mapping[str, Any], plan: Plan, measured: Sequence[ScaleMeasured]) -> str:
    """One row a size."""
    rows = []
    for size in dict.fromkeys(one.stored for one in measured):
        own = [one for one in measured if one.stored == size]
        rows.append((
            f"{size:,}", f"{own[-1].database_mib:,.0f}",
            Spread.of(one.measured.events_per_s for one in own).rate(),
            *(
                f"{Spread.of(values).median:.1f}"
                for values in (
                    [one.measured.client_us for one in own],
                    [one.measured.postgres_us for one in own],
                    [one.measured.broker_us for one in own],
                )
            ),
        ))  # fmt: skip
    header = ("stored dossiers", "database MiB", "events/s", "Python us", "PostgreSQL us", "broker us")
    about = (
        "Core job, one engine, events spread evenly over all stored dossiers (the worst case for caches). "
        "Each stored dossier has a state of 300 bytes, a key, an alias, an inbox row with a "
        "receipt and a fact "
        f"of 700 bytes, filled in by SQL. {plan.events:,} events a run."
    )
    return page("Stored dossiers", about, machine, [table(header, rows)])
