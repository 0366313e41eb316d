"""Before something that cannot be taken back: the operator is asked, and says who decides and why."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from hub.cli.shared import fail, operator_name
from schemas.types import Account, Text

By = Annotated[str, typer.Option("--operator", help="who decides; left out: the user of this machine")]
Why = Annotated[
    str, typer.Option("--reason", help="why, without personal data; kept for ever, asked on a terminal")
]
IsSure = Annotated[bool, typer.Option("--yes", help="do not ask")]


_ACCOUNT: TypeAdapter[Any] = TypeAdapter(Account)
_TEXT: TypeAdapter[Any] = TypeAdapter(Text)


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
    return Order(
        _kept("--operator", operator.strip() or operator_name(), _ACCOUNT, 100),
        _kept("--reason", reason.strip(), _TEXT, 4000),
    )


def _kept(option: str, typed: str, kind: TypeAdapter[Any], most: int) -> str:
    """In the form in which facts keep it, since some orders become one; ends the command else."""
    try:
        return str(kind.validate_python(unicodedata.normalize("NFC", typed)))
    except (ValidationError, UnicodeError):
        fail(f"{option}: 1 to {most} characters, none of them a control character", 2)
