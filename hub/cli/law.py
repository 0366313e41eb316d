"""`hub law`: the versions of the law that this program knows, and the pins of their files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hub.cli.shared import settings
from hub.errors import StartupError
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pin

app = typer.Typer(no_args_is_help=True, help="Versions of the law.")


@app.command("list")
def list_versions() -> None:
    """From which day on which version of profile, catalogue and calendar is in force; `*` marks today's."""
    tree = settings()
    try:
        book = load_book(tree.profile, tree.regulation)
    except StartupError as error:
        _refuse(error)
    today = book.in_force(local_day(datetime.now(UTC)))
    for day in book.days:
        law = book.in_force(day)
        typer.echo(
            " ".join(("*" if law is today else " ", day.isoformat(), *law.versions, law.profile.decision))
        )


@app.command("pin")
def pin_files(
    folder: Annotated[
        Path, typer.Argument(help="folder with profiles/, catalogues/, procedures/, calendars/")
    ],
) -> None:
    """Write the digests of new files into the folder's lock; a file that was edited is refused."""
    try:
        new = pin(folder)
    except StartupError as error:
        _refuse(error)
    for path in new:
        typer.echo(path)


def _refuse(error: StartupError) -> NoReturn:
    typer.echo(f"hub: {error}", err=True)
    raise typer.Exit(2)
