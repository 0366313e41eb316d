"""Controls: `python -m tests.controls`: each broken copy must be caught, the unbroken one must be clean."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from tests.controls.catalogue import CONTROLS, Control, PatchError, apply, copy_checkout
from tests.support.ledger.__main__ import machine
from tests.support.ledger.runner import Options, Run
from tests.support.ledger.site import SiteError
from tests.support.ledger.verdict import CLASSES, Verdict
from tests.support.stack import REPOSITORY

_UNBROKEN = (
    Control("unbroken", "nothing", frozenset()),
    Control("unbroken_adapter", "nothing, with the adapter", frozenset(), has_adapter=True),
)
_console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one control: `runs` seeds were tried, `found` counts findings of the last by class."""

    control: Control
    is_right: bool
    runs: int
    found: dict[str, int]
    seconds: float

    @property
    def words(self) -> str:
        """Findings in one line."""
        return ", ".join(f"{kind} {count}" for kind, count in self.found.items()) or "clean"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.controls", description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="seeds to try until a control is caught")
    parser.add_argument(
        "--only", action="append", help="names of controls; or `unbroken`, `unbroken_adapter`"
    )
    parser.add_argument("--home", type=Path, default=REPOSITORY / "var" / "ledger", help="of the stack")
    parser.add_argument("--json", type=Path, help="write the result here")
    return parser.parse_args()


def run_ledger(control: Control, root: Path, folder: Path, asked: argparse.Namespace, seed: int) -> Verdict:
    """One run of the ledger over the hub of a copy."""
    options = Options(
        asked.events, asked.kills, seed, asked.home.resolve(), root, folder,
        has_adapter=control.has_adapter, quiet_limit_s=60.0,
    )  # fmt: skip
    return asyncio.run(Run(options, lambda _what, _done, _total: None).verdict())


def judge(control: Control, asked: argparse.Namespace) -> Outcome:
    """Try seeds until the control is caught; the unbroken copy gets one run, which must be clean."""
    started, found, runs = time.monotonic(), dict[str, int](), 0
    is_right = False
    with tempfile.TemporaryDirectory(prefix="control-") as folder:
        root = copy_checkout(Path(folder))
        if control not in _UNBROKEN:
            apply(control, root)
        for runs in range(1, 2 if control in _UNBROKEN else asked.runs + 1):
            verdict = run_ledger(control, root, Path(folder) / f"run-{runs}", asked, asked.seed + runs - 1)
            found = {kind: verdict.count(kind) for kind in CLASSES if verdict.count(kind)}
            is_right = bool(control.caught_as & found.keys()) or (control in _UNBROKEN and verdict.is_clean)
            if is_right:
                break
    return Outcome(control, is_right, runs, found, time.monotonic() - started)


def show(outcomes: list[Outcome]) -> None:
    """One row a control."""
    table = Table("control", "broken", "must be", "found", "runs", "s", "caught", title="negative controls")
    for outcome in outcomes:
        control = outcome.control
        table.add_row(
            control.name, control.broken, ", ".join(sorted(control.caught_as)) or "clean", outcome.words,
            str(outcome.runs), f"{outcome.seconds:.0f}", "yes" if outcome.is_right else "[red]NO[/red]",
        )  # fmt: skip
    _console.print(table)


def write_result(path: Path, outcomes: list[Outcome], asked: argparse.Namespace) -> None:
    """The result as JSON, and as a Markdown table beside it."""
    run = {"events": asked.events, "kills": asked.kills, "seed": asked.seed, **machine()}
    rows = [
        {"control": outcome.control.name, "broken": outcome.control.broken, "caught": outcome.is_right,
         "must_be": sorted(outcome.control.caught_as), "found": outcome.found, "runs": outcome.runs,
         "seconds": round(outcome.seconds, 1)}
        for outcome in outcomes
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({"run": run, "controls": rows}, option=orjson.OPT_INDENT_2) + b"\n")
    lines = ["# Negative controls", "", f"`{' '.join(f'{name}={value}' for name, value in run.items())}`", "",
             "| control | broken | found | runs | caught |", "|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {outcome.control.name} | {outcome.control.broken} | {outcome.words} | {outcome.runs} "
        f"| {'yes' if outcome.is_right else 'no'} |"
        for outcome in outcomes
    ]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """0 when all are caught and the unbroken copy is clean, 1 when not, 2 when something cannot be run."""
    asked = arguments()
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    chosen = [control for control in (*_UNBROKEN, *CONTROLS) if not asked.only or control.name in asked.only]
    outcomes: list[Outcome] = []
    try:
        for control in chosen:
            _console.print(f"{control.name}: {control.broken} is broken")
            outcomes.append(judge(control, asked))
            _console.print(f"  {outcomes[-1].words} after {outcomes[-1].runs} runs")
    except (PatchError, SiteError) as error:
        _console.print(f"controls: {error}")
        return 2
    show(outcomes)
    if asked.json is not None:
        write_result(asked.json, outcomes, asked)
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
