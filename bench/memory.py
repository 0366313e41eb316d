"""Resident memory of each process: idle, and the highest while it works off a backlog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.arena import Bench
from bench.contenders import find
from bench.core import Plan, run_once
from bench.measuring import family_mib, resident_mib
from bench.product import ProductPlan, run_product
from bench.results import page, table

_PROGRAMS = "hub-1,copy-pipelined"


@dataclass(frozen=True, slots=True)
class MemoryMeasured:
    """MiB of one program; `idle_mib` is None where only the peak is known."""

    program: str
    idle_mib: float | None
    peak_mib: float


async def run_memory(bench: Bench, events: int) -> list[MemoryMeasured]:
    """One small run each; broker and PostgreSQL as they are after all of them."""
    results: list[MemoryMeasured] = []
    for contender in find(_PROGRAMS):
        one = await run_once(bench, contender, Plan(events=events), 0)
        results.append(MemoryMeasured(f"core job: {contender.title}", None, one.peak_mib))
    plan = ProductPlan(events=events, rounds=1, duplicates=(0.01,))
    results += [
        MemoryMeasured(f"product job: {one.program}", one.idle_mib, one.peak_mib)
        for one in await run_product(bench, plan)
    ]
    results.append(MemoryMeasured("Kafka broker (Java heap included)", None, resident_mib(bench.broker_pid)))
    results.append(
        MemoryMeasured(
            "PostgreSQL, all processes (shared memory once)", None, family_mib(bench.postmaster_pid)
        )
    )
    return results


def memory_page(machine: Mapping[str, Any], events: int, measured: Sequence[MemoryMeasured]) -> str:
    """One row a program."""
    rows = [
        (one.program, "-" if one.idle_mib is None else f"{one.idle_mib:.0f}", f"{one.peak_mib:.0f}")
        for one in measured
    ]
    about = (
        f"MiB resident; the peak is the highest of a run over {events:,} events (sum for two "
        "engines; servers: after the runs)."
    )
    return page("Memory", about, machine, [table(("program", "idle", "peak"), rows)])
