"""Counts that do not depend on the machine: calls, objects and bytes of an event on the hot path.

A later change that costs shows in its own commit, without a clock: a test compares them with the stored ones.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from bench.in_memory import STAGES, OnStage, Store, core_job, freeze, product_job
from bench.results import page, table

JOBS: Mapping[str, Callable[[], Callable[[OnStage], Store]]] = {
    "core": lambda: core_job(4_000),
    "product": lambda: product_job(200),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one job, for an event: calls (of Python and of C functions) by stage, blocks, messages, bytes.

    `written_bytes` are the arguments of `write_batch`, `published_bytes` the batches that go to the broker.
    """

    job: str
    python: str
    events: int
    calls: Mapping[str, float]
    all_calls: float
    messages: float
    written_bytes: float
    published_bytes: float
    outcomes: Mapping[str, int]


def count(job: str) -> Counted:
    """Run the job once to warm it up, and once counted."""
    run = JOBS[job]()
    run(lambda _: None)
    freeze()
    calls: Counter[str] = Counter()
    stage = ""

    def begins(name: str) -> None:
        nonlocal stage
        stage = name

    def called(_frame: FrameType, event: str, _argument: Any) -> None:
        if event in ("call", "c_call"):
            calls[stage] += 1

    gc.disable()
    sys.setprofile(called)
    try:
        done = run(begins)
    finally:
        sys.setprofile(None)
        gc.enable()
    by_stage = {name: round(calls[name] / done.events, 1) for name in STAGES}
    python = ".".join(map(str, sys.version_info[:2]))
    return Counted(
        job, python, done.events, by_stage, round(sum(by_stage.values()), 1),
        round(done.messages / done.events, 2), round(done.written_bytes / done.events),
        round(done.published_bytes / done.events), dict(sorted(done.outcomes.items())),
    )  # fmt: skip


def timed(job: str, runs: int) -> Mapping[str, float]:
    """Microseconds of CPU an event, by stage: the least of so many runs."""
    run = JOBS[job]()
    best: dict[str, float] = {}
    for _ in range(runs + 1):  # the first one is warmer than nothing, and counts for nothing else
        freeze()
        spent: dict[str, float] = dict.fromkeys(("", *STAGES), 0.0)
        stage, since = "", 0.0

        def begins(name: str) -> None:
            nonlocal stage, since
            now = time.process_time()
            spent[stage] += now - since  # noqa: B023  this run's
            stage, since = name, now

        events = run(begins).events
        for name in STAGES:
            best[name] = min(best.get(name, math.inf), spent[name] / events * 1e6)
    return {name: round(best[name], 2) for name in STAGES}


def guard_page(machine: Mapping[str, Any], counted: Sequence[Counted], us: Mapping[str, Any]) -> str:
    """What is held, and what it took here."""
    header = ("job", *STAGES, "all", "messages", "bytes written", "bytes published")
    rows = [
        (
            one.job, *(f"{one.calls[name]:.1f}" for name in STAGES), f"{one.all_calls:.1f}",
            f"{one.messages:.2f}", f"{one.written_bytes:.0f}", f"{one.published_bytes:.0f}",
        )
        for one in counted
    ]  # fmt: skip
    about = (
        f"Calls of functions (Python {counted[0].python} and C) an event, by stage, counted in memory: no"
        " clock, no servers. A test (`tests/project/test_bench_guard.py`) holds them to 3 %; who makes an"
        ' event dearer on purpose stores them anew with `make bench ARGS="guard"` in the same commit.'
    )
    times = [(job, *(f"{spent[name]:.1f}" for name in STAGES), f"{sum(spent.values()):.1f}")
             for job, spent in us.items()]  # fmt: skip
    return page(
        "Calls of an event", about, machine,
        [table(header, rows), "Microseconds of CPU an event on this machine, the least of several runs:",
         table(("job", *STAGES, "all"), times)],
    )  # fmt: skip
