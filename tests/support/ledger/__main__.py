"""Ledger: the long run: `python -m tests.support.ledger --events 20000 --kills 40 --seed 1`."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.support.ledger.runner import Options, Run
from tests.support.ledger.site import SiteError
from tests.support.ledger.verdict import Verdict
from tests.support.stack import REPOSITORY

_console = Console(highlight=False)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.support.ledger", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="records on the in. topics")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--adapter", action="store_true", help="the post is a sandbox behind our adapter")
    parser.add_argument("--home", type=Path, default=REPOSITORY / "var" / "ledger", help="of its own stack")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="checkout whose hub is run")
    parser.add_argument("--folder", type=Path, help="journals and logs stay here (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="write the result here, and a table beside it (.md)")
    return parser.parse_args()


def show(verdict: Verdict, title: str) -> None:
    """One table, then the first findings in words."""
    table = Table("what", "count", title=title)
    for name, count in verdict.rows():
        table.add_row(name, count)
    _console.print(table)
    for finding in verdict.findings[:40]:
        _console.print(f"[red]{finding.kind}[/red] {finding.what}", soft_wrap=True)


def machine() -> dict[str, Any]:
    """Where and on what it ran."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "commit": described.stdout.strip() or "unknown", "python": platform.python_version(),
        "system": platform.platform(), "cpus": os.cpu_count(),
    }  # fmt: skip


def write_result(path: Path, verdict: Verdict, options: Options, seconds: float) -> None:
    """The result as JSON, and as a Markdown table beside it."""
    run = {"events": options.events, "kills": options.kills, "seed": options.seed, "engines": options.engines,
           "seconds": round(seconds, 1), **machine()}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({"run": run, **verdict.as_json()}, option=orjson.OPT_INDENT_2) + b"\n")
    lines = ["# Ledger", "", f"`{' '.join(f'{name}={value}' for name, value in run.items())}`", "",
             "| what | count |", "|---|---|"]  # fmt: skip
    lines += [f"| {name} | {count} |" for name, count in verdict.rows()]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """0 when the ledger is clean, 1 when it is not, 2 when the hub could not be set up."""
    asked = arguments()
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="ledger-"))
    options = Options(
        asked.events,
        asked.kills,
        asked.seed,
        asked.home.resolve(),
        asked.root.resolve(),
        folder.resolve(),
        asked.engines,
        asked.adapter,
    )
    started = time.monotonic()
    columns = (
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task("setting up", total=options.events)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=min(done, total))

        try:
            verdict = asyncio.run(Run(options, tell).verdict())
        except SiteError as error:
            _console.print(f"ledger: {error}")
            return 2
    seconds = time.monotonic() - started
    show(verdict, f"ledger: seed {options.seed}, {seconds:.0f} s, journals in {folder}")
    if asked.json is not None:
        write_result(asked.json, verdict, options, seconds)
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
