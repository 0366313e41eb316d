"""`hub organisations`: what organisations there are on which day, imported as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli import registers
from hub.cli.asking import By, IsSure, Why
from hub.cli.registers import Edition, File, OnDay
from hub.cli.shared import fail, settings
from hub.facts.sealing import store_key_of
from hub.participants.register_editions import RegisterName
from hub.printing.tables import AsJson, print_record, print_rows, say
from hub.public.queue_pages import link
from hub.regulation import organisations
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations

app = typer.Typer(no_args_is_help=True, help="Organisations: kind, area, competence, days, successors.")
_NAME: RegisterName = "organisations"
Lists = Annotated[
    Path | None,
    typer.Option("--lists", help="CSV of the lists of 4.5, 4.6, 4.7 and 20.2; those there stay else"),
]
Desks = Annotated[
    Path | None, typer.Option("--desks", help="CSV of the desks of one-stops (5.1.a); those there stay else")
]
Certificates = Annotated[
    Path | None,
    typer.Option("--certificates", help="CSV of what organisations sign with (17.1, 17.10); as with --desks"),
]


def _stored(number: int | None = None) -> Organisations:
    text = registers.stored_text(_NAME, number)
    return organisations.from_json(text) if text is not None else Organisations()


def _read(
    file: Path, lists: Path | None, desks: Path | None, certificates: Path | None, before: Organisations
) -> Organisations:
    text, others = registers.text_of(file), (lists, desks, certificates)
    if registers.is_csv(file):
        listed, placed, held = (registers.text_of(one) if one is not None else None for one in others)
        return organisations.from_csv(text, listed, before, placed, held)
    for name, one in zip(("lists", "desks", "certificates"), others, strict=True):
        if one is not None:
            fail(f"--{name} goes with a CSV file; a JSON file has `{name}` in it", 2)
    return organisations.from_json(text)


@app.command("show")
def show(
    code: Annotated[str | None, typer.Argument(help="one organisation; left out: all of the day")] = None,
    on: OnDay = None,
    edition: Edition = None,
    as_json: AsJson = False,
) -> None:
    """Show the organisations of a day, or one with all that is known of it."""
    known, day = _stored(edition), registers.day_of(on)
    if code is None:
        rows = [one.model_dump(mode="json") for one in known.records if one.is_there(day)]
        columns = ("code", "kind", "level", "name_vi", "in_force_from", "in_force_until")
        print_rows(rows, columns, as_json=as_json, none=f"none: hub {_NAME} import FILE", more=("parent",))
        return
    found = known.on(code, day)
    if found is not None:
        desks = [one.model_dump(mode="json", exclude={"organisation"}) for one in known.desks_of(code, day)]
        certificates = [
            one.model_dump(mode="json", exclude={"organisation"}) for one in known.certificates_of(code)
        ]
        beside = {"desks": desks, "certificates": certificates}
        told = found.model_dump(mode="json") | {name: rows for name, rows in beside.items() if rows}
        print_record(told, as_json=as_json)
        return
    followers = ", ".join(known.followers(code, day))
    fail(f"{code} is not there on {day}" + (f"; it is followed by {followers}" if followers else ""))


@app.command("import")
def import_file(
    file: File,
    lists: Lists = None,
    desks: Desks = None,
    certificates: Certificates = None,
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
) -> None:
    """Take a file as the new edition, as a whole: with one mistake nothing of it is taken."""
    before = _stored()
    after = _read(file, lists, desks, certificates, before)
    warnings = after.warnings(_by_email())
    registers.import_edition(_NAME, file.name, before, after, warnings, (operator, reason), is_sure=is_sure)


def _by_email() -> tuple[str, ...]:
    """The procedures in force that are lodged by e-mail."""
    tree, today = settings(), registers.day_of(None)
    catalogue = load_book(tree.profile, tree.regulation).in_force(today).catalogue
    known = catalogue.procedures.values()
    return tuple(one.code for one in known if one.by_email is not None and one.is_in_force(today))


@app.command("diff")
def diff(
    file: File,
    lists: Lists = None,
    desks: Desks = None,
    certificates: Certificates = None,
    edition: Edition = None,
) -> None:
    """Show what a file would change, and import nothing."""
    before = _stored(edition)
    registers.print_changes(before.changes_to(_read(file, lists, desks, certificates, before)))


@app.command("export")
def export(
    into: File,
    lists: Lists = None,
    desks: Desks = None,
    certificates: Certificates = None,
    edition: Edition = None,
) -> None:
    """Write the edition in force, or an earlier one, into a file that `import` takes."""
    known = _stored(edition)
    registers.write_out(into, known.as_csv if registers.is_csv(into) else known.as_json)
    if lists is not None:
        registers.write_out(lists, known.lists_as_csv)
    if desks is not None:
        registers.write_out(desks, known.desks_as_csv)
    if certificates is not None:
        registers.write_out(certificates, known.certificates_as_csv)


@app.command("machine")
def machine(code: Annotated[str, typer.Argument(help="one-stop that it stands in")]) -> None:
    """Print the address at which a machine of a one-stop draws numbers; who has it can draw them."""
    tree = settings()
    if _stored().on(code, registers.day_of(None)) is None:
        fail(f"{code} is not there today: hub organisations show")
    say(f"{tree.public.url}{link(code, store_key_of(tree).look_up.machine_code(code))}")


@app.command("editions")
def list_editions(as_json: AsJson = False) -> None:
    """Show every edition: when it was imported, by whom and why."""
    registers.print_editions(_NAME, as_json=as_json)
