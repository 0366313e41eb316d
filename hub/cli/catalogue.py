"""`hub catalogue`: which versions of the catalogue are on record, who published them and by what decision."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli import registers
from hub.cli.asking import By, IsSure, Why
from hub.cli.registers import Edition, File
from hub.cli.shared import settings
from hub.participants.register_editions import RegisterName
from hub.printing.tables import AsJson, print_rows
from hub.regulation import published
from hub.regulation.lawbook import load_book
from hub.regulation.published import Publication

app = typer.Typer(no_args_is_help=True, help="Catalogues on record: published by whom, by what decision.")
_NAME: RegisterName = "catalogue"


def _stored(number: int | None = None) -> Publication:
    text = registers.stored_text(_NAME, number)
    return published.from_json(text) if text is not None else Publication()


def _installed() -> Publication:
    tree = settings()
    return published.of_book(load_book(tree.profile, tree.regulation))


@app.command("publish")
def publish(reason: Why = "", operator: By = "", is_sure: IsSure = False) -> None:
    """Put the installed catalogues on record; the reason is the announcing decision with its number (3.8)."""
    registers.import_edition(
        _NAME, "the installed files", _stored(), _installed(), (), (operator, reason), is_sure=is_sure,
        said="it is a fact within seconds; engines go by the files that are installed",
    )  # fmt: skip


@app.command("diff")
def diff(edition: Edition = None) -> None:
    """Show what is installed and not on record as it stands, or on record and not installed."""
    registers.print_changes(_stored(edition).changes_to(_installed()))


@app.command("show")
def show(
    procedure: Annotated[str | None, typer.Argument(help="of one procedure; left out: of all")] = None,
    edition: Edition = None,
    as_json: AsJson = False,
) -> None:
    """Show what is on record: each procedure in each version of the catalogue."""
    rows = [
        one.model_dump(mode="json")
        for one in _stored(edition).procedures
        if procedure in {None, one.procedure}
    ]
    columns = ("procedure", "catalogue", "in_force_from", "name")
    none = "nothing is on record: hub catalogue publish"
    print_rows(rows, columns, as_json=as_json, none=none, more=("sha256",))


@app.command("export")
def export(into: File, edition: Edition = None) -> None:
    """Write what is on record into a JSON file."""
    registers.write_out(into, _stored(edition).as_json)


@app.command("editions")
def list_editions(as_json: AsJson = False) -> None:
    """Show every edition: when it was published, by whom and by what decision."""
    registers.print_editions(_NAME, as_json=as_json)
