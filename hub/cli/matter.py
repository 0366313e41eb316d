"""`hub matter`: what is on record without a dossier, such as settlements of fees."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.dossier import casebook
from hub.cli.shared import fail, with_store
from hub.facts.sealing import store_key_of
from hub.oversight.dossiers import Search, Seen
from hub.oversight.names import one_dossier
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, note, print_record, print_rows
from hub.regulation.lawbook import load_book
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Matters: what is on record without a dossier.")
_LOOKED = 1_000_000
_COLUMNS = ("id", "matter", "organisation", "agency", "received_at")


@app.command("list")
def list_matters(
    organisation: Annotated[
        list[str] | None, typer.Option(help="one-stop or agency; more than once: one of them")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List matters, newest first."""

    async def work(tree: Settings, connection: Connection) -> tuple[list[Seen], bool]:
        book = await casebook(tree, connection)
        found: list[Seen] = []
        async for seen in book.newest(Search(organisations=organisation or (), is_matter=True), _LOOKED):
            if seen is None or len(found) == limit:
                return found, False
            found.append(seen)
        return found, True

    found, is_whole = with_store("matter", work)
    print_rows([one.row() for one in found], _COLUMNS, as_json=as_json, none="no matter is on record")
    if not is_whole:
        note(f"the newest {len(found)}; there may be more: give --limit, or --organisation")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="id or its first 8 digits, or the hub's own reference")],
    as_json: AsJson = False,
) -> None:
    """Show one matter: whose it is, what is on record and what is watched."""

    async def work(tree: Settings, connection: Connection) -> dict[str, Any]:
        book = await casebook(tree, connection)
        matter_id = await one_dossier(connection, store_key_of(tree), name)
        (seen,) = await book.of_ids([matter_id])
        if seen.matter is None:
            fail(f"{name} is a dossier: hub dossier show")
        return await book.whole(matter_id, load_book(tree.profile, tree.regulation))

    print_record(with_store("matter", work), as_json=as_json)
