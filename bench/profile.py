"""Where an engine's CPU time goes: samples of its stack while it works off a backlog, in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from bench import product
from bench.arena import REPOSITORY, Arena, Bench, arena
from bench.core import ORGANISATION, PARTITIONS, SOURCE, load
from bench.core_job import CoreRules
from bench.events import core_events
from bench.product_events import EVENTS_PER_DOSSIER, measured_run
from bench.results import page, table
from hub.engine.decide.rules import Rules
from hub.engine.role import run_engine
from hub.regulation.lawbook import load_book
from hub.settings import read_settings

_EVERY_S = 0.002
_DONE = "select coalesce(sum(next), 0)::bigint from intake_offset where topic not like '%in.hub'"


@dataclass(slots=True)
class Samples:
    """Counts of stacks: by the function that ran, and by every function of the hub that was under way."""

    total: int = 0
    own: Counter[str] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Signal handler of SIGPROF, which comes every 2 ms of CPU time."""
        self.total += 1
        names: list[str] = []
        while frame is not None:
            names.append(f"{_short(frame.f_code.co_filename)}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        if names:
            caller = f" (called by {names[1]})" if names[0].startswith("<") and len(names) > 1 else ""
            self.own[names[0] + caller] += 1
            self.under_way.update({name for name in names if name.startswith(("hub/", "bench/core_job"))})


def _short(file: str) -> str:
    for root in (f"{REPOSITORY}/", "site-packages/", f"{Path(os.__file__).parent}/"):
        if root in file:
            file = file.rpartition(root)[2]
    return file


@contextmanager
def sampled() -> Iterator[Samples]:
    """Sample this process by the CPU time that it uses."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True, slots=True)
class Profile:
    """One rules: its samples, and CPU microseconds of the whole process per event."""

    rules: str
    events: int
    us_per_event: float
    samples: Samples


async def run_profile(bench: Bench, events: int) -> list[Profile]:
    """The core job and the product rules, one engine each."""
    async with arena(bench, partitions=PARTITIONS) as place:
        await place.register(SOURCE, "agency", (ORGANISATION,), PARTITIONS)
        await load(place, core_events(events, 1000, 0.01, 1))
        core = await _profiled("core", place, CoreRules(load_book()), events)
    async with product.prepared(bench, max(20, round(events / EVENTS_PER_DOSSIER)), 500, 1) as ready:
        planned = measured_run(ready.dossiers, 0.01, 1)
        async with arena(bench, partitions=PARTITIONS, template=ready.template, key=ready.key) as place:
            await product.register(place)
            await product.load(place, planned)
            return [core, await _profiled("product", place, None, len(planned))]


async def _profiled(name: str, place: Arena, rules: Rules | None, events: int) -> Profile:
    """Skip the first tenth, sample the rest."""
    os.environ.update(place.engine_environment("engine-profile", 500))
    stop = asyncio.Event()
    engine = asyncio.create_task(run_engine(read_settings(), stop, rules=rules))
    first = await _until(place, engine, events // 10)
    with sampled() as samples:
        started = time.process_time()
        done = await _until(place, engine, events)
        used = time.process_time() - started
    stop.set()
    await engine
    profile = Profile(name, done - first, used / max(1, done - first) * 1e6, samples)
    print(f"profile {name}: {profile.us_per_event:.1f} us per event, {samples.total} samples", flush=True)
    return profile


async def _until(place: Arena, engine: asyncio.Task[None], wanted: int) -> int:
    for _ in range(20_000):
        if engine.done():
            engine.result()
        done = int(await place.hub.database.fetchval(_DONE))
        if done >= wanted:
            return done
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{done} of {wanted} events are done")


def profile_page(machine: Mapping[str, Any], profiles: list[Profile]) -> str:
    """Both jobs: functions of the hub with everything they call, and where the time was spent itself."""
    about = (
        "Samples every 2 ms of CPU time of one engine's process. C code counts for the Python function that "
        "called it. `us/event` is the share of the process's CPU time per event."
    )
    return page("Profile of the hot path", about, machine, [_section(one) for one in profiles])


def _section(one: Profile) -> str:
    return (
        f"## {one.rules}: {one.us_per_event:.1f} us per event ({one.events:,} events, "
        f"{one.samples.total:,} samples)"
        f"\n\n### Functions of the hub, with what they call\n\n{_top(one, one.samples.under_way, 40)}"
        f"\n\n### Functions themselves\n\n{_top(one, one.samples.own, 40)}"
    )


def _top(one: Profile, counts: Counter[str], rows: int) -> str:
    share = {name: count / max(1, one.samples.total) for name, count in counts.most_common(rows)}
    lines = [(f"`{name}`", f"{part:.1%}", f"{part * one.us_per_event:.1f}") for name, part in share.items()]
    return table(("function", "share", "us/event"), lines)
