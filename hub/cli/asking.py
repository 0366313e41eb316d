"""Before something that cannot be taken back: the operator is asked, and says who decides and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from hub.cli.shared import fail, operator_name

By = Annotated[str, typer.Option("--operator", help="who decides; left out: the user of this machine")]
Why = Annotated[
    str, typer.Option("--reason", help="why, without personal data; kept for ever, asked on a terminal")
]
IsSure = Annotated[bool, typer.Option("--yes", help="do not ask")]


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants it, and why: what is recorded with it."""

    operator: str
    reason: str


def order(question: str, operator: str, reason: str, *, is_sure: bool) -> Order:
    """Ask on a terminal; elsewhere `--reason` and `--yes` have to be given. Exits where it is not wanted."""
    is_terminal = sys.stdin.isatty()
    if not reason.strip():
        if not is_terminal:
            fail("--reason is needed: it is kept with what you do", 2)
        reason = str(typer.prompt("Why (no personal data; it is kept)"))
    if not is_sure:
        if not is_terminal:
            fail("nobody can be asked here: give --yes", 2)
        typer.confirm(question, abort=True)
    return Order(operator.strip() or operator_name(), reason.strip())
