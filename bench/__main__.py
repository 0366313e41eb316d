"""`python -m bench`: the benchmarks, each writing JSON and a Markdown table to `bench/results/`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from bench.arena import Bench, close_stack, open_stack
from bench.compared import compared_page, run_compared
from bench.contenders import find
from bench.core import Measured, Plan, run_core
from bench.core_report import core_page
from bench.deliveries_report import deliveries_page
from bench.deliveries_run import DeliveriesPlan, run_deliveries
from bench.due_reports import DueReportsPlan, due_reports_page, run_due_reports
from bench.failures import failures
from bench.gateway_report import gateway_page
from bench.gateway_run import GatewayPlan, run_gateway
from bench.guard import JOBS, count, guard_page, timed
from bench.idle import idle_page, run_idle
from bench.latency import run_latency
from bench.look_ups import LookUpsPlan, look_ups_page, run_look_ups
from bench.machine import facts
from bench.memory import memory_page, run_memory
from bench.product import ProductPlan, run_product
from bench.product_report import product_page
from bench.profile import profile_page, run_profile
from bench.register import RegisterPlan, register_page, run_register
from bench.reports import ReportsPlan, reports_page, run_reports
from bench.results import save
from bench.rules import rules_page, run_rules
from bench.runners import cannot_run
from bench.scale import run_scale
from bench.side_reports import latency_page, peak_of, scale_page
from bench.signing import SigningPlan, run_signing, signing_page
from bench.targets import CONTENDERS, NAME, QUICK, TargetsPlan, kept, parts_of, run_targets
from bench.targets_report import targets_page

app = typer.Typer(add_completion=False, help="Measures the hub beside other programs; see bench/README.md.")

P = TypeVar("P")
M = TypeVar("M")
Keep = Annotated[bool, typer.Option("--keep", help="leave the servers of var/bench running, with their data")]


@app.command()
def core(
    events: int = 100_000,
    slow_events: int = 3_000,
    rounds: int = 3,
    dossiers: int = 1_000,
    duplicates: float = 0.01,
    only: Annotated[str, typer.Option(help="comma separated names of contenders")] = "all",
    keep: Keep = False,
) -> None:
    """The same job for everybody."""
    _core(Plan(events, slow_events, rounds, dossiers, duplicates), only)
    _leave(keep)


@app.command("targets")
def all_targets(
    rounds: Annotated[int | None, typer.Option(help="5 by itself")] = None,
    only: Annotated[str, typer.Option(help="comma separated names of jobs")] = "all",
    without: Annotated[str, typer.Option(help="jobs that are left out")] = "",
    go_on: Annotated[bool, typer.Option("--go-on", help="keep what an interrupted run has done")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="few events, to see that it works")] = False,
    keep: Keep = False,
) -> None:
    """The whole table of targets in one interleaved run; each job is written when it is done."""
    plan = QUICK if quick else TargetsPlan()
    plan = replace(plan, rounds=rounds or plan.rounds)
    machine, parts = facts(), parts_of(only, without)
    contenders = {part: find(names) for part, names in CONTENDERS.items() if part in parts}
    left_out = {part: why for part, ones in contenders.items() for why in cannot_run(ones).values()}
    done = kept(plan, machine["commit"]) if go_on else []
    text = ""

    def write() -> None:
        nonlocal text
        text = targets_page(machine, asdict(plan), done, left_out)
        save(NAME, machine, plan, done, text)

    runnable = [part for part in parts if part not in left_out]
    uvloop.run(run_targets(open_stack(), plan, runnable, machine["commit"], done, write))
    write()
    print(text)
    _leave(keep)


@app.command()
def product(events: int = 50_000, rounds: int = 3, keep: Keep = False) -> None:
    """The real rules with everything on, beside the copy loop on the same bytes."""
    _product(ProductPlan(events, rounds))
    _leave(keep)


@app.command()
def latency(
    rates: Annotated[
        str, typer.Option(help="events per second, comma separated; `half` of the peak")
    ] = "200,2000,half",
    seconds: float = 20,
    keep: Keep = False,
) -> None:
    """From publish to receipt at steady rates."""
    _latency(rates, seconds)
    _leave(keep)


@app.command()
def idle(settle: float = 120, seconds: float = 60) -> None:
    """What the running hub of `make up` takes while nobody sends anything."""
    measured = run_idle(settle, seconds)
    machine = facts()
    text = idle_page(machine, settle, seconds, measured)
    save("idle", machine, {"settle": settle, "seconds": seconds}, measured, text)
    print(text)


@app.command()
def memory(events: int = 20_000, keep: Keep = False) -> None:
    """Resident memory of each process, idle and after a backlog."""
    _memory(events)
    _leave(keep)


@app.command()
def scale(
    sizes: str = "10000,100000,1000000", events: int = 50_000, rounds: int = 1, keep: Keep = False
) -> None:
    """Speed with many stored dossiers."""
    _scale(sizes, Plan(events, rounds=rounds))
    _leave(keep)


@app.command()
def gateway(requests: int = 15_000, clients: int = 100, rounds: int = 5, keep: Keep = False) -> None:
    """Receipts per second and their latency over HTTPS, beside a Kafka participant."""
    _gateway(GatewayPlan(requests, clients, rounds))
    _leave(keep)


@app.command("look-ups")
def look_ups(
    dossiers: int = 1_000_000, rate: int = 200, seconds: float = 60, rounds: int = 3, keep: Keep = False
) -> None:
    """How long the page for everybody takes with many stored dossiers."""
    _look_ups(LookUpsPlan(dossiers, rate, seconds, rounds))
    _leave(keep)


@app.command("reports")
def reports(dossiers: int = 100_000, rounds: int = 3, keep: Keep = False) -> None:
    """How long a year's report takes over many stored facts, and how much memory."""
    _reports(ReportsPlan((max(1, dossiers // 10), dossiers), rounds))
    _leave(keep)


@app.command("due-reports")
def due_reports(dossiers: int = 100_000, rounds: int = 1, keep: Keep = False) -> None:
    """How long the reports of a month take, one by one and in one pass over the store."""
    _due_reports(DueReportsPlan((max(1, dossiers // 5), dossiers), rounds))
    _leave(keep)


@app.command("register")
def register(dossiers: int = 100_000, rounds: int = 3, keep: Keep = False) -> None:
    """How long the register of a one-stop takes out of many stored dossiers, and how much memory."""
    _register(RegisterPlan((max(1, dossiers // 10), dossiers), rounds))
    _leave(keep)


@app.command()
def deliveries(
    deliveries: int = 1_200,
    concurrency: Annotated[int, typer.Option(help="deliveries at once; 4 is the product's default")] = 4,
    rounds: int = 3,
    only: Annotated[str, typer.Option(help="comma separated names of adapters")] = "all",
    keep: Keep = False,
) -> None:
    """Deliveries per second of each adapter against its stand-in, beside a plain httpx loop."""
    _deliveries(DeliveriesPlan(deliveries, concurrency, rounds), only)
    _leave(keep)


@app.command()
def profile(events: int = 30_000, keep: Keep = False) -> None:
    """Where an engine's CPU time goes."""
    _profile(events)
    _leave(keep)


@app.command()
def compared(
    before: Annotated[Path, typer.Argument(help="another checkout of the project, after `make setup` there")],
    turns: int = 5,
    events: int = 40_000,
) -> None:
    """What a change costs: the core job in another checkout and in this one, by turns."""
    machine = facts()
    measured = run_compared(before.resolve(), turns, events)
    text = compared_page(machine, events, measured)
    save("compared", machine, {"turns": turns, "events": events}, measured, text)
    print(text)
    _leave(keep=False)


@app.command()
def guard(runs: int = 5) -> None:
    """Calls of functions and bytes an event, which a test compares with the stored ones; no servers."""
    machine = facts()
    counted, us = [count(job) for job in JOBS], {job: timed(job, runs) for job in JOBS}
    text = guard_page(machine, counted, us)
    save("guard", machine, {"runs": runs}, {"counted": counted, "us": us}, text)
    print(text)


@app.command()
def rules(dossiers: int = 400, turns: int = 20) -> None:
    """What the rules alone take of each request; no servers."""
    machine = facts()
    measured = run_rules(dossiers, turns)
    text = rules_page(machine, measured)
    save("rules", machine, {"dossiers": dossiers, "turns": turns}, measured, text)
    print(text)


@app.command()
def signing(
    quick: Annotated[bool, typer.Option("--quick", help="a few rounds, to see that it works")] = False,
) -> None:
    """Signing and verifying a copy beside SHA-256 + one raw operation, xmlsec and signxml."""
    _signing(SigningPlan(rounds=4, operations=3) if quick else SigningPlan())


@app.command("all")
def everything(
    quick: Annotated[
        bool, typer.Option("--quick", help="about 17 minutes on two cores, else over an hour")
    ] = False,
    keep: Keep = False,
) -> None:
    """All of them, one after the other."""
    if quick:
        peak = _core(Plan(events=40_000, slow_events=600, rounds=2), "all")
        _product(ProductPlan(events=20_000, rounds=2, duplicates=(0.01, 0.30)))
        _latency("200,2000,half", 6, peak)
        _memory(10_000)
        _scale("10000,100000,1000000", Plan(events=20_000, rounds=1))
        _look_ups(LookUpsPlan(seconds=10, rounds=2))
        _reports(ReportsPlan(sizes=(2_000, 20_000), rounds=1))
        _due_reports(DueReportsPlan(sizes=(1_000, 5_000)))
        _register(RegisterPlan(sizes=(2_000, 20_000), rounds=1))
        _gateway(GatewayPlan(requests=5_000, rounds=3))
        _deliveries(DeliveriesPlan(deliveries=500), "all")
        _profile(15_000)
    else:
        peak = _core(Plan(), "all")
        _product(ProductPlan())
        _latency("200,2000,half", 20, peak)
        _memory(20_000)
        _scale("10000,100000,1000000", Plan(events=50_000, rounds=3))
        _look_ups(LookUpsPlan())
        _reports(ReportsPlan())
        _due_reports(DueReportsPlan())
        _register(RegisterPlan())
        _gateway(GatewayPlan())
        _deliveries(DeliveriesPlan(), "all")
        _profile(30_000)
    _leave(keep)


def _core(plan: Plan, only: str) -> list[Measured]:
    contenders, machine = find(only), facts()
    left_out = cannot_run(contenders)
    contenders = tuple(one for one in contenders if one.name not in left_out)
    measured = uvloop.run(run_core(open_stack(), contenders, plan))
    text = core_page(machine, plan, measured, left_out)
    save("core", machine, plan, measured, text)
    print(text)
    return measured


def _look_ups(plan: LookUpsPlan) -> None:
    _measure("look_ups", plan, run_look_ups, look_ups_page)


def _reports(plan: ReportsPlan) -> None:
    _measure("reports", plan, run_reports, reports_page)


def _due_reports(plan: DueReportsPlan) -> None:
    machine = facts()
    measured = uvloop.run(run_due_reports(open_stack(), plan))
    text = due_reports_page(machine, measured)
    save("due_reports", machine, plan, measured, text)
    print(text)


def _register(plan: RegisterPlan) -> None:
    machine = facts()
    measured = uvloop.run(run_register(open_stack(), plan))
    text = register_page(machine, measured)
    save("register", machine, plan, measured, text)
    print(text)


def _product(plan: ProductPlan) -> None:
    _measure("product", plan, run_product, product_page)


def _latency(rates: str, seconds: float, peak: list[Measured] | None = None) -> None:
    machine, bench = facts(), open_stack()
    parts = rates.split(",")
    if "half" in parts and not peak:
        peak = uvloop.run(run_core(bench, find("hub-1"), Plan(events=30_000, rounds=1)))
    wanted = [round(peak_of(peak or []) / 2) if part == "half" else int(part) for part in parts]
    measured = uvloop.run(run_latency(bench, wanted, seconds))
    text = latency_page(machine, seconds, measured)
    save("latency", machine, {"rates": wanted, "seconds": seconds}, measured, text)
    print(text)


def _memory(events: int) -> None:
    machine = facts()
    measured = uvloop.run(run_memory(open_stack(), events))
    text = memory_page(machine, events, measured)
    save("memory", machine, {"events": events}, measured, text)
    print(text)


def _scale(sizes: str, plan: Plan) -> None:
    machine = facts()
    measured = uvloop.run(run_scale(open_stack(), [int(size) for size in sizes.split(",")], plan))
    text = scale_page(machine, plan, measured)
    save("scale", machine, plan, measured, text)
    print(text)


def _gateway(plan: GatewayPlan) -> None:
    _measure("gateway", plan, run_gateway, gateway_page)


def _deliveries(plan: DeliveriesPlan, only: str) -> None:
    machine = facts()
    measured = uvloop.run(run_deliveries(open_stack(), plan, only))
    text = deliveries_page(machine, plan, measured)
    save("deliveries", machine, plan, measured, text)
    print(text)


def _profile(events: int) -> None:
    machine = facts()
    profiles = uvloop.run(run_profile(open_stack(), events))
    text = profile_page(machine, profiles)
    save("profile", machine, {"events": events}, profiles, text)
    print(text)


def _signing(plan: SigningPlan) -> None:
    machine = facts()
    measured = run_signing(plan)
    text = signing_page(machine, plan, measured)
    save("signing", machine, plan, measured, text)
    print(text)


def _measure(
    name: str,
    plan: P,
    run: Callable[[Bench, P], Coroutine[None, None, M]],
    page: Callable[[Mapping[str, Any], P, M], str],
) -> None:
    machine = facts()
    measured = uvloop.run(run(open_stack(), plan))
    text = page(machine, plan, measured)
    save(name, machine, plan, measured, text)
    print(text)


def _leave(keep: bool) -> None:
    if not keep:
        close_stack()
    if failures():
        print("bench: failed: " + "; ".join(failures()), file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
