"""`python -m bench`: the benchmarks, each writing JSON and a Markdown table to `bench/results/`."""

from __future__ import annotations

from typing import Annotated

import typer
import uvloop

from bench.arena import close_stack, open_stack
from bench.contenders import find
from bench.core import Plan, run_core
from bench.core_report import core_page
from bench.machine import facts
from bench.results import save

app = typer.Typer(no_args_is_help=False, add_completion=False, help="Measures; see bench/README.md.")

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
    plan = Plan(events, slow_events, rounds, dossiers, duplicates)
    _core(plan, only)
    _leave(keep)


def _core(plan: Plan, only: str) -> None:
    machine = facts()
    measured = uvloop.run(run_core(open_stack(), find(only), plan))
    text = core_page(machine, plan, measured)
    save("core", machine, plan, measured, text)
    print(text)


def _leave(keep: bool) -> None:
    if not keep:
        close_stack()


if __name__ == "__main__":
    app()
