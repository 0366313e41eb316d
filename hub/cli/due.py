"""`hub due`: what is overdue, and what is due within a while."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, get_args

import typer

from hub.cli.shared import fail, with_store
from hub.facts.sealing import store_key_of
from hub.oversight.dossiers import Casebook
from hub.oversight.due import due_dossiers, grouped
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, note, print_rows
from hub.settings import Settings
from schemas.due import TimerKind

app = typer.Typer(no_args_is_help=True, help="Deadlines.")
_SPAN = re.compile(r"(\d{1,4})(h|d|min)", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "min": timedelta(minutes=1)}
_KINDS = get_args(TimerKind)
_COLUMNS = ("dossier", "due_at", "left", "status")
_MORE = ("agency", "organisation", "is_overdue", "kind", "procedure", "turn")


class GroupBy(StrEnum):
    """What lines are counted by."""

    AGENCY = "agency"
    ONE_STOP = "one-stop"
    PROCEDURE = "procedure"


@app.callback()
def _group() -> None:
    """Deadlines."""


@app.command("list")
def list_due(
    within: Annotated[str, typer.Option(help="how far ahead, as 8h, 2d or 30min")] = "8h",
    by: Annotated[GroupBy | None, typer.Option(help="a line each, with counts, instead of dossiers")] = None,
    agency: Annotated[str | None, typer.Option(help="only dossiers of this competent agency")] = None,
    organisation: Annotated[str | None, typer.Option(help="only dossiers of this one-stop")] = None,
    kind: Annotated[list[str] | None, typer.Option(help=f"of {', '.join(_KINDS)}; default: due")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 1000,
    as_json: AsJson = False,
) -> None:
    """Show dossiers that are overdue, and those due soon, the most urgent first."""
    ahead, kinds = _span(within), kind or ["due"]
    if wrong := sorted(set(kinds) - set(_KINDS)):
        fail(f"no kind {wrong[0]}: one of {', '.join(_KINDS)}", 2)

    async def work(tree: Settings, connection: Connection) -> tuple[list[dict[str, Any]], bool]:
        clock = await read_clock(connection, tree.environment)
        book = Casebook(connection, store_key_of(tree), clock)
        now = clock.of(datetime.now(UTC))
        return await due_dossiers(connection, book, kinds, now, ahead, limit)

    lines, has_more = with_store("due", work)
    lines = [
        line
        for line in lines
        if agency in {None, line["agency"]} and organisation in {None, line["organisation"]}
    ]
    if by is not None:
        columns = (by.value.replace("-", "_"), "overdue", "due", "first_at", "first_dossier")
        print_rows(grouped(lines, by.value), columns, as_json=as_json, none="nothing is due")
    else:
        print_rows(lines, _COLUMNS, as_json=as_json, none="nothing is due", more=_MORE)
    if has_more:
        note(f"there are more: only the first {limit} were looked at, see --limit")


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if found is None:
        fail(f"--within {text}: a number and h, d or min, as 8h", 2)
    return int(found[1]) * _UNITS[found[2]]
