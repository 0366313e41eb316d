"""Deliveries per second of each adapter against its stand-in, beside a plain loop of the same calls."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.arena import Arena, Bench, arena, settle_disk
from bench.deliveries_kind import Kind, Numbers, check_counts, steady_rate
from bench.deliveries_loop import client, run_loop
from bench.deliveries_population import PopulationKind
from bench.deliveries_portal import PortalKind
from bench.deliveries_postal import PostalKind
from bench.deliveries_world import PARTITIONS, Counterpart, counterpart, hub_side
from bench.failures import failed
from bench.measuring import Cpu, CpuMeter
from bench.runners import Runner, group_is_stable
from hub.participants.registry import user_of
from tests.support.stack import kafka_admin

KINDS: tuple[Kind, ...] = (PopulationKind(), PostalKind(), PortalKind())
Program = Literal["adapter", "loop"]
_WARM_UP = 40
_LIMIT_S = 240.0
_LOOK_S = 0.2
_COUNT = """
select count(*) filter (where state = 'delivered') as done,
       count(*) filter (where state in ('rejected', 'dead')) as lost,
       (select count(*) from delivery_report where adapter = $1 and state = 'confirmed') as confirmed
from delivery where adapter = $1
"""
_MOMENTS = """
select extract(epoch from d.ended_at)::float8 as ended,
       extract(epoch from r.confirmed_at)::float8 as confirmed
from delivery d join delivery_report r on r.adapter = d.adapter and r.id = d.report_id
where d.adapter = $1 and d.id = any($2::text[])
"""


@dataclass(frozen=True, slots=True)
class DeliveriesPlan:
    """What the rounds do; `concurrency` is the limit of calls at once, by default that of the product."""

    deliveries: int = 1_200
    concurrency: int = 4
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class DeliveriesMeasured:
    """One program in one round; CPU is microseconds per delivery, `confirmed_per_s` 0 for the loop."""

    adapter: str
    program: Program
    round: int
    deliveries: int
    per_s: float
    confirmed_per_s: float
    program_us: float
    postgres_us: float
    broker_us: float
    sandbox_us: float
    foreign_cores: float


async def run_deliveries(bench: Bench, plan: DeliveriesPlan, only: str = "all") -> list[DeliveriesMeasured]:
    """Each adapter and its loop in turn, round by round."""
    results: list[DeliveriesMeasured] = []
    kinds = kinds_of(only)
    for number in range(plan.rounds):
        for kind in kinds:
            for measure in (_adapter, _loop):
                try:
                    one = await measure(bench, kind, plan, number)
                except (RuntimeError, TimeoutError, ValueError) as error:
                    failed(
                        f"deliveries round {number + 1}/{plan.rounds} {kind.name}{measure.__name__}", error
                    )
                    continue
                results.append(one)
                _tell(one, plan.rounds)
    return results


def kinds_of(only: str) -> list[Kind]:
    """Adapters by comma separated names, or all (pure); `ValueError` for a name that there is not."""
    wanted = {kind.name for kind in KINDS} if only == "all" else set(only.split(","))
    unknown = wanted - {kind.name for kind in KINDS}
    if unknown:
        raise ValueError(f"no adapter {', '.join(sorted(unknown))}")
    return [kind for kind in KINDS if kind.name in wanted]


def _tell(one: DeliveriesMeasured, rounds: int) -> None:
    print(
        f"deliveries round {one.round + 1}/{rounds} {one.adapter:10} {one.program:7} {one.per_s:7,.0f}/s  "
        f"with receipt {one.confirmed_per_s:7,.0f}/s  us: program {one.program_us:.0f} postgres "
        f"{one.postgres_us:.0f} broker {one.broker_us:.0f} stand-in {one.sandbox_us:.0f}",
        flush=True,
    )


async def _adapter(bench: Bench, kind: Kind, plan: DeliveriesPlan, number: int) -> DeliveriesMeasured:
    warm, numbers = range(_WARM_UP), range(_WARM_UP, _WARM_UP + plan.deliveries)
    async with arena(bench, partitions=PARTITIONS) as place:
        password = await place.register(kind.name, kind.name, (), PARTITIONS)
        async with (
            counterpart(kind, place.folder / "sandbox") as sandbox,
            hub_side(place, kind) as side,
            _process(place, kind, plan, password, sandbox) as runner,
        ):
            earlier = kind.earlier([*warm, *numbers])
            await side.load([*earlier, *kind.messages(warm)])
            await _done(place, kind, runner, len(earlier) + _WARM_UP, _WARM_UP)
            await settle_disk(bench)
            runner.hold()
            await side.load(kind.messages(numbers))
            both, own = CpuMeter(bench, [*runner.pids, *sandbox.runner.pids]), CpuMeter(bench, runner.pids)
            before, own_before, started = both.read(), own.read(), time.perf_counter()
            runner.release()
            everything = _WARM_UP + plan.deliveries
            await _done(place, kind, runner, len(earlier) + everything, everything)
            used, own_used = both.read().since(before), own.read().since(own_before)
            elapsed = time.perf_counter() - started
            ended, confirmed = await _moments(place, kind, numbers)
            _check(kind, sandbox, [*warm, *numbers])
            check_counts(kind.reports([*warm, *numbers]), Counter(side.reports.values()), "reports")
    rates = (steady_rate(ended), steady_rate(confirmed))
    return _measured(kind, "adapter", number, plan, rates, (used, own_used.client, elapsed))


async def _loop(bench: Bench, kind: Kind, plan: DeliveriesPlan, number: int) -> DeliveriesMeasured:
    warm, numbers = range(_WARM_UP), range(_WARM_UP, _WARM_UP + plan.deliveries)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        async with counterpart(kind, Path(folder) / "sandbox") as sandbox, client() as http:
            await run_loop(http, await kind.calls(http, sandbox.base, warm), plan.concurrency)
            calls = await kind.calls(http, sandbox.base, numbers)
            await settle_disk(bench)
            meter, started = CpuMeter(bench, sandbox.runner.pids), time.perf_counter()
            before = meter.read()
            moments = await run_loop(http, calls, plan.concurrency)
            used, elapsed = meter.read().since(before), time.perf_counter() - started
            _check(kind, sandbox, [*warm, *numbers])
    return _measured(kind, "loop", number, plan, (steady_rate(moments), 0.0), (used, 0.0, elapsed))


@asynccontextmanager
async def _process(
    place: Arena, kind: Kind, plan: DeliveriesPlan, password: str, sandbox: Counterpart
) -> AsyncIterator[Runner]:
    """The adapter's process, a member of its group."""
    folder = place.folder / "adapter"
    folder.mkdir()
    environment = place.hub.environment | kind.settings(sandbox.base, folder)
    environment |= {
        "HUB_KAFKA__USER": user_of(kind.name, place.hub.prefix),
        "HUB_KAFKA__PASSWORD": password,
        "HUB_DELIVERY__CONCURRENCY": str(plan.concurrency),
        "HUB_DELIVERY__SESSION_TIMEOUT_MS": "30000",
    }
    del environment["HUB_MASTER_KEY_FILE"]
    async with Runner(
        "hub.cli.main", [environment], folder, arguments=("run", "adapter", kind.name)
    ) as runner:
        await group_is_stable(kafka_admin(place.bench.address), place.topic(kind.name), 1, 60, runner)
        yield runner


async def _done(place: Arena, kind: Kind, runner: Runner, deliveries: int, reports: int) -> None:
    """Wait until so many deliveries have their outcome and so many reports their receipt."""
    end = time.monotonic() + _LIMIT_S
    while True:
        row = await place.hub.database.fetchrow(_COUNT, kind.name)
        assert row is not None
        runner.check()
        if row["lost"]:
            raise RuntimeError(f"{kind.name}: {row['lost']} deliveries were rejected or given up")
        if row["done"] >= deliveries and row["confirmed"] >= reports:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{kind.name}: {row['done']} of {deliveries}, {row['confirmed']} reports")
        await asyncio.sleep(_LOOK_S)


async def _moments(place: Arena, kind: Kind, numbers: Numbers) -> tuple[list[float], list[float]]:
    """When outcomes, and receipts of their reports, were stored, by the database's clock."""
    ids = [one.id for one in kind.messages(numbers)]
    rows = await place.hub.database.fetch(_MOMENTS, kind.name, ids)
    if len(rows) != len(ids):
        raise RuntimeError(f"{kind.name}: {len(rows)} of {len(ids)} deliveries have a report")
    return [row["ended"] for row in rows], [row["confirmed"] for row in rows]


def _check(kind: Kind, sandbox: Counterpart, numbers: Numbers) -> None:
    """Raise unless the stand-in's journal holds each effect exactly once, and nothing else."""
    sandbox.runner.check()
    found = Counter(kind.journaled(line) for line in sandbox.lines())
    check_counts(kind.effects(numbers), found, f"{kind.name}: effects in the journal")


def _measured(
    kind: Kind, program: Program, number: int, plan: DeliveriesPlan,
    rates: tuple[float, float], seen: tuple[Cpu, float, float],
) -> DeliveriesMeasured:  # fmt: skip
    used, own_s, elapsed_s = seen
    count = plan.deliveries
    return DeliveriesMeasured(
        adapter=kind.name,
        program=program,
        round=number,
        deliveries=count,
        per_s=rates[0],
        confirmed_per_s=rates[1],
        program_us=(own_s if program == "adapter" else used.bench) / count * 1e6,
        postgres_us=used.postgres / count * 1e6,
        broker_us=used.broker / count * 1e6,
        sandbox_us=(used.client - own_s) / count * 1e6,
        foreign_cores=used.foreign / elapsed_s,
    )
