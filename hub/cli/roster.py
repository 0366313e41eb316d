"""`hub roster`: who works where on which day, and who may sign or decide for whom, imported as a whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import registers
from hub.cli.asking import By, IsSure, Why
from hub.cli.registers import Edition, File, OnDay
from hub.cli.shared import fail, settings
from hub.participants.register_editions import RegisterName
from hub.printing.tables import AsJson, print_rows
from hub.regulation import roster
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from hub.regulation.roster import Roster

app = typer.Typer(no_args_is_help=True, help="Officers: postings, reserves, authority to sign.")
_NAME: RegisterName = "roster"
Delegations = Annotated[
    Path | None, typer.Option("--delegations", help="CSV of the delegations; those there stay else")
]


def _stored(number: int | None = None) -> Roster:
    text = registers.stored_text(_NAME, number)
    return roster.from_json(text) if text is not None else Roster()


def _read(file: Path, delegations: Path | None, before: Roster) -> Roster:
    text = registers.text_of(file)
    if registers.is_csv(file):
        given = registers.text_of(delegations) if delegations is not None else None
        return roster.from_csv(text, given, before)
    if delegations is not None:
        fail("--delegations goes with a CSV file; a JSON file has `delegations` in it", 2)
    return roster.from_json(text)


@app.command("show")
def show(
    organisation: Annotated[str | None, typer.Argument(help="of one organisation; left out: of all")] = None,
    on: OnDay = None,
    edition: Edition = None,
    public: Annotated[bool, typer.Option("--public", help="what is published of them (7.7)")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who is posted where on a day."""
    known, day = _stored(edition), registers.day_of(on)
    rows = [
        one.model_dump(mode="json")
        for one in known.postings
        if one.is_there(day) and organisation in {None, one.organisation}
    ]
    columns = (
        ("name", "title", "fields", "phone")
        if public
        else ("organisation", "account", "name", "title", "position")
    )
    more = () if public else ("in_force_from", "in_force_until")
    print_rows(rows, columns, as_json=as_json, none="nobody is posted there on this day", more=more)


@app.command("import")
def import_file(
    file: File, delegations: Delegations = None, reason: Why = "", operator: By = "", is_sure: IsSure = False
) -> None:
    """Take a file as the new edition, as a whole: with one mistake nothing of it is taken."""
    tree, before = settings(), _stored()
    after = _read(file, delegations, before)
    law = load_book(tree.profile, tree.regulation).in_force(local_day(datetime.now(UTC)))
    warnings = after.warnings(law.profile.officers)
    registers.import_edition(_NAME, file.name, before, after, warnings, (operator, reason), is_sure=is_sure)


@app.command("diff")
def diff(file: File, delegations: Delegations = None, edition: Edition = None) -> None:
    """Show what a file would change, and import nothing."""
    before = _stored(edition)
    registers.print_changes(before.changes_to(_read(file, delegations, before)))


@app.command("export")
def export(into: File, delegations: Delegations = None, edition: Edition = None) -> None:
    """Write the edition in force, or an earlier one, into a file that `import` takes."""
    known = _stored(edition)
    registers.write_out(into, known.as_csv if registers.is_csv(into) else known.as_json)
    if delegations is not None:
        registers.write_out(delegations, known.delegations_as_csv)


@app.command("editions")
def list_editions(as_json: AsJson = False) -> None:
    """Show every edition: when it was imported, by whom and why."""
    registers.print_editions(_NAME, as_json=as_json)
