"""All rows of the table of targets in one interleaved run: each job once a round, kept when it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from bench.arena import Bench
from bench.contenders import find
from bench.core import Plan, run_core
from bench.deliveries_run import DeliveriesPlan, run_deliveries
from bench.failures import failed, failures
from bench.gateway_run import GatewayPlan, run_gateway
from bench.latency import run_latency
from bench.product import ProductPlan, run_product
from bench.results import FOLDER
from bench.scale import run_scale
from bench.targets_report import Done

NAME = "targets"
CONTENDERS: Mapping[str, str] = {
    "core": "hub-1,hub-2,copy-send,quix-1,quix-2,bytewax-1,bytewax-2",
    "messages": "plain-message,faststream-message,dbos",
    "streams": "kafka-streams",
}
"""Who takes part in the jobs that are rounds of the core job."""


@dataclass(frozen=True, slots=True)
class TargetsPlan:
    """What a round does; everything else is as the jobs have it by themselves."""

    rounds: int = 5
    events: int = 100_000
    slow_events: int = 3_000
    product_events: int = 50_000
    rates: tuple[int, ...] = (200, 2_000, 5_000)
    seconds: float = 20
    sizes: tuple[int, ...] = (10_000, 1_000_000, 5_000_000)
    stored_events: int = 50_000
    requests: int = 15_000
    deliveries: int = 1_200


QUICK = TargetsPlan(
    rounds=1, events=3_000, slow_events=120, product_events=500, seconds=3, sizes=(10_000,),
    stored_events=2_000, requests=500, deliveries=60,
)  # fmt: skip
"""To see that it works: its numbers mean nothing."""

Part = Callable[[Bench, TargetsPlan, int], Awaitable[Sequence[Any]]]


def _core(name: str) -> Part:
    async def run(bench: Bench, plan: TargetsPlan, number: int) -> Sequence[Any]:
        job = Plan(plan.events, plan.slow_events, rounds=1, seed=number + 1)
        return await run_core(bench, find(CONTENDERS[name]), job)

    return run


async def _product(bench: Bench, plan: TargetsPlan, number: int) -> Sequence[Any]:
    job = ProductPlan(plan.product_events, rounds=1, duplicates=(0.01,), seed=number + 1)
    return await run_product(bench, job)


async def _latency(bench: Bench, plan: TargetsPlan, _number: int) -> Sequence[Any]:
    measured = await run_latency(bench, plan.rates, plan.seconds)
    lost = {f"{one.program} at {one.rate}/s": one.missing for one in measured if one.missing}
    if lost:
        raise RuntimeError(f"outputs that never came: {lost}")
    return measured


async def _stored(bench: Bench, plan: TargetsPlan, number: int) -> Sequence[Any]:
    return await run_scale(bench, plan.sizes, Plan(plan.stored_events, rounds=1, seed=number + 1))


async def _gateway(bench: Bench, plan: TargetsPlan, number: int) -> Sequence[Any]:
    return await run_gateway(bench, GatewayPlan(plan.requests, rounds=1, seed=number + 1))


async def _deliveries(bench: Bench, plan: TargetsPlan, _number: int) -> Sequence[Any]:
    return await run_deliveries(bench, DeliveriesPlan(plan.deliveries, rounds=1))


PARTS: Mapping[str, Part] = {
    **{name: _core(name) for name in CONTENDERS},
    "product": _product,
    "latency": _latency,
    "gateway": _gateway,
    "deliveries": _deliveries,
    "stored": _stored,
}
"""The jobs by name, in the order of a round."""


def parts_of(only: str, without: str) -> tuple[str, ...]:
    """The jobs of comma separated lists, in the order of a round; `ValueError` for a name there is not."""
    wanted = set(PARTS) if only == "all" else set(only.split(","))
    unwanted = {name for name in without.split(",") if name}
    unknown = (wanted | unwanted) - PARTS.keys()
    if unknown:
        raise ValueError(f"no job {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return tuple(name for name in PARTS if name in wanted - unwanted)


def kept(plan: TargetsPlan, commit: str) -> list[Done]:
    """What an interrupted run has done, but for what failed; nothing when there was none.

    Raises `ValueError` when it was of another commit or did something else; it may have had fewer rounds.
    """
    file = FOLDER / f"{NAME}.json"
    if not file.exists():
        return []
    found = orjson.loads(file.read_bytes())
    done = [Done(**one) for one in found["measured"]]
    options = orjson.loads(orjson.dumps(asdict(plan))) | {"rounds": found["options"]["rounds"]}
    if found["options"] != options or any(one.commit != commit for one in done):
        raise ValueError(f"{file} is of another commit or of other options: measure anew without --go-on")
    return [one for one in done if not one.failed]


async def run_targets(
    bench: Bench,
    plan: TargetsPlan,
    parts: Sequence[str],
    commit: str,
    done: list[Done],
    keep: Callable[[], None],
) -> None:
    """Each job once a round; `done` grows, and `keep` is called whenever it has."""
    for number in range(plan.rounds):
        for part in parts:
            if any((one.part, one.round) == (part, number) for one in done):
                continue
            print(f"targets round {number + 1}/{plan.rounds} {part}", flush=True)
            before = len(failures())
            raw: tuple[dict[str, Any], ...] = ()
            try:
                raw = tuple(asdict(one) for one in await PARTS[part](bench, plan, number))
            except (RuntimeError, TimeoutError, ValueError) as error:
                failed(f"targets round {number + 1}/{plan.rounds} {part}", error)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            done.append(Done(part, number, commit, at, failures()[before:], raw))
            keep()
