"""`hub dossier`: where a dossier is, whose turn it is, and what happened to it; personal data stay sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, get_args

import typer

from hub.cli.shared import fail, with_store
from hub.dossier.state.model import Status
from hub.facts.sealing import store_key_of
from hub.oversight.dossiers import Casebook, Search, Seen
from hub.oversight.names import dossiers_named, one_dossier
from hub.oversight.timeline import timeline as read_timeline
from hub.participants import registry
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, note, print_record, print_rows
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Dossiers: where one is, whose turn it is, what happened.")
Named = Annotated[
    str, typer.Argument(help="official code, id or its first 8 digits, or a participant's reference")
]
_LOOKED = 20_000
_STATUSES = get_args(Status)
_COLUMNS = ("dossier", "status", "turn", "due_at")
_MORE = ("agency", "organisation", "procedure", "received_at", "submitted_by", "parked", "erased", "id")


@app.command()
def find(
    name: Annotated[
        str | None, typer.Argument(help="code, id, its first digits, or a reference; left out: the newest")
    ] = None,
    participant: Annotated[
        str | None, typer.Option(help="that lodged it, or speaks for its one-stop or agency")
    ] = None,
    status: Annotated[list[str] | None, typer.Option(help="more than once: one of them")] = None,
    since: Annotated[datetime | None, typer.Option(help="received at or after, time of Viet Nam")] = None,
    until: Annotated[datetime | None, typer.Option(help="received before")] = None,
    parked: Annotated[bool, typer.Option("--parked", help="only those that wait behind a bug")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Find dossiers, newest first."""
    if wrong := sorted(set(status or ()) - set(_STATUSES)):
        fail(f"no status {wrong[0]}: one of {', '.join(_STATUSES)}", 2)

    async def work(tree: Settings, connection: Connection) -> tuple[list[Seen], bool]:
        key, book = store_key_of(tree), await casebook(tree, connection)
        if name is not None:
            return await book.of_ids(await dossiers_named(connection, key, name)), True
        organisations: tuple[str, ...] = ()
        if participant is not None:
            organisations = (await registry.registered_one(connection, key, participant)).organisations
        wanted = Search(_local(since), _local(until), status or (), organisations, participant, parked)
        found: list[Seen] = []
        async for seen in book.newest(wanted, _LOOKED):
            if seen is None:
                return found, False
            found.append(seen)
            if len(found) == limit:
                break
        return found, True

    found, is_whole = with_store("dossier", work)
    if name is not None and not found:
        fail(f"no dossier {name}: hub dossier find lists the newest")
    print_rows([seen.row() for seen in found], _COLUMNS, as_json=as_json, none="no such dossier", more=_MORE)
    if not is_whole:
        note(f"looked at the newest {_LOOKED} of that time; for older ones give --until")


@app.command()
def show(name: Named, as_json: AsJson = False) -> None:
    """Show one dossier: its state, clocks, whose turn it is, what is open, parked, or under way."""

    async def work(tree: Settings, connection: Connection) -> dict[str, Any]:
        book = await casebook(tree, connection)
        dossier_id = await one_dossier(connection, store_key_of(tree), name)
        return await book.whole(dossier_id, load_book(tree.profile, tree.regulation))

    print_record(with_store("dossier", work), as_json=as_json)


@app.command()
def timeline(name: Named, as_json: AsJson = False) -> None:
    """Print what happened, in order: facts with rule and sender, refusals, deliveries."""

    async def work(tree: Settings, connection: Connection) -> list[dict[str, Any]]:
        key = store_key_of(tree)
        return await read_timeline(connection, key, await one_dossier(connection, key, name))

    columns, more = ("at", "name", "by", "detail"), ("rule", "what", "to", "sequence", "request")
    full = (*more, "cites", "was", "data")
    rows = with_store("dossier", work)
    print_rows(rows, columns, as_json=as_json, none="nothing yet", more=full if as_json else more)


async def casebook(tree: Settings, connection: Connection) -> Casebook:
    """Dossiers and matters of the store."""
    return Casebook(connection, store_key_of(tree), await read_clock(connection, tree.environment))


def _local(moment: datetime | None) -> datetime | None:
    """What was typed is the time of Viet Nam."""
    return moment.replace(tzinfo=VIETNAM).astimezone(UTC) if moment is not None else None
