"""`hub sandbox`: for the hub of `make up`, with its stand-ins of the outside systems."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.shared import fail

app = typer.Typer(no_args_is_help=True, help="The hub of `make up`: traffic with invented people.")
_SPAN = re.compile(r"(\d{1,5})(s|m|h)", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600}
_CHECKOUT = Path("site") / "checkout.json"
"""Written by `make up`: where its programs come from. They are no part of the installed hub."""


@app.callback()
def _group() -> None:
    """The hub of `make up`."""


@app.command()
def traffic(
    rate: Annotated[float, typer.Option(min=0.1, max=200, help="requests a second")] = 2.0,
    span: Annotated[str | None, typer.Option("--for", help="for how long, as 30s, 10m or 1h")] = None,
    dossiers: Annotated[int | None, typer.Option(min=1, help="end after so many dossiers")] = None,
    home: Annotated[Path, typer.Option(envvar="HUB_HOME", help="where `make up` keeps its things")] = Path(
        "var"
    ),
) -> None:
    """Play whole lives of dossiers on the running hub of `make up`, until Ctrl-C."""
    options = ["--rate", f"{rate:g}"]
    if span is not None:
        options += ["--for-s", str(_seconds(span))]
    if dossiers is not None:
        options += ["--dossiers", str(dossiers)]
    absolute = home.expanduser().resolve()
    try:
        checkout = json.loads((absolute / _CHECKOUT).read_text("utf-8"))
    except FileNotFoundError:
        fail(f"no hub of `make up` in {absolute}: make up, or --home", 2)
    python, root = checkout["python"], checkout["root"]
    os.chdir(root)
    os.execv(python, [python, "-m", "tools.local_traffic", "--home", str(absolute), *options])  # noqa: S606  ours


def _seconds(text: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        fail(f"--for {text}: a number and s, m or h, as 10m", 2)
    return int(found[1]) * _UNITS[found[2]]
