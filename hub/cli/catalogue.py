"""`hub catalogue`: which versions of the catalogue are on record, who published them and by what decision."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import TypeAdapter, ValidationError

from hub.cli import registers
from hub.cli.asking import By, IsSure, Why
from hub.cli.registers import Edition, File
from hub.cli.shared import fail, settings
from hub.participants.register_editions import RegisterName
from hub.printing.tables import AsJson, print_rows
from hub.regulation import published
from hub.regulation.clock import local_day
from hub.regulation.code_mapping import as_completion, mapped, read_others
from hub.regulation.lawbook import load_book
from hub.regulation.published import Publication
from hub.regulation.registers import each_once

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


@app.command("mapping")
def mapping(
    others: Annotated[Path, typer.Argument(help="CSV of the other system's procedures: code,title")],
    given: Annotated[
        Path | None, typer.Option(help="JSON of what was decided: the other code by the hub's")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="write what is sure: a completion (.toml) or the setting of an adapter (.json)"),
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="how completions call that system; what they say of it is decided")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the code that another system has for each procedure of today's catalogue, or suggest some.

    Certain is the same national number; titles that are alike are suggestions, which somebody decides.
    """
    tree = settings()
    catalogue = load_book(tree.profile, tree.regulation).in_force(local_day(datetime.now(UTC))).catalogue
    known = {code: one.other_codes.get(system or "") for code, one in catalogue.procedures.items()}
    decided = {code: other for code, other in known.items() if other is not None}
    decided |= _decided(given) if given is not None else {}
    found = mapped(catalogue.procedures.values(), read_others(registers.text_of(others)), decided)
    if into is not None and into.suffix == ".toml":
        if system is None:
            fail("a completion says whose codes they are: --system", 2)
        registers.write_out(into, lambda: as_completion(system, found))
    elif into is not None:
        certain = {one.code: one.other for one in found if one.other is not None and one.other != one.code}
        registers.write_out(into, lambda: orjson.dumps(certain, option=orjson.OPT_INDENT_2).decode())
    rows = [
        {
            "procedure": one.code, "how": one.how, "other": one.other, "title": one.title,
            "suggestions": "; ".join(f"{other.code} {other.title}" for other in one.suggestions),
        }
        for one in found
    ]  # fmt: skip
    columns = ("procedure", "how", "other", "suggestions")
    print_rows(rows, columns, as_json=as_json, none="the catalogue has no procedure", more=("title",))


def _decided(file: Path) -> dict[str, str]:
    """Ends the command for what is no such JSON."""
    try:
        found = json.loads(registers.text_of(file), object_pairs_hook=each_once)
        return TypeAdapter(dict[str, str]).validate_python(found, strict=True)
    except (ValueError, RecursionError) as error:
        why = "" if isinstance(error, ValidationError) else f": {error}"
        fail(f"{file}: it is no JSON object of codes{why}", 2)
