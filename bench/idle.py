"""What the hub of `make up` takes while nobody sends anything: of the processor, process by process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.arena import REPOSITORY, postmaster_of
from bench.measuring import family_used
from bench.results import page, table
from hub.embedded import stack
from tools.local_site import STAND_IN, Site

_HOME = REPOSITORY / "var"


@dataclass(frozen=True, slots=True)
class IdleMeasured:
    """One process, with the children that it has: hundredths of a core."""

    program: str
    percent: float


def run_idle(settle_s: float, seconds: float) -> list[IdleMeasured]:
    """Of the running hub of this checkout; SystemExit where `make up` has not started one."""
    pids = _pids(_HOME)
    time.sleep(settle_s)
    before = {name: family_used(pid) for name, pid in pids.items()}
    started = time.perf_counter()
    time.sleep(seconds)
    elapsed = time.perf_counter() - started
    return [
        IdleMeasured(name, 100 * (family_used(pid) - before[name]) / elapsed) for name, pid in pids.items()
    ]


def _pids(home: Path) -> dict[str, int]:
    servers = {status.server: status.pid for status in stack.status(home)}
    broker, postgres = servers.get("kafka"), servers.get("postgres")
    programs = {name: record.pid for name, record in Site(home).records().items()}
    if broker is None or postgres is None or not programs:
        raise SystemExit("no hub runs here: make up")
    return {"Kafka broker": broker, "PostgreSQL": postmaster_of(postgres), **programs}


def idle_page(
    machine: Mapping[str, Any], settle_s: float, seconds: float, measured: Sequence[IdleMeasured]
) -> str:
    """One row a process, the stand-ins and the page of `make up` apart from what a province would run."""
    aside = [one for one in measured if one.program.startswith(STAND_IN) or one.program == "page"]
    hub = [one for one in measured if one not in aside]
    about = (
        f"Hundredths of a core over {seconds:.0f} s, {settle_s:.0f} s or more after the start, nobody sends"
        " anything: user and system time of each process from `/proc`, which other programs do not add to."
        " The targets are 3 for the engine and 15 for all."
    )
    rows = [(one.program, f"{one.percent:.2f}") for one in sorted(hub, key=lambda one: -one.percent)]
    rows.append(("all of these", f"{sum(one.percent for one in hub):.2f}"))
    rows.append(
        ("stand-ins of outside systems, page of `make up`", f"{sum(one.percent for one in aside):.2f}")
    )
    return page("Idle", about, machine, [table(("process", "% of a core"), rows)])
