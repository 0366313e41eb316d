"""`hub dead-letters`: what could not be used, with its raw bytes."""

from __future__ import annotations

from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from hub.cli.shared import operator_name, with_store
from hub.errors import UntrustedRowError
from hub.facts.parking import decode_record
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Records that nobody could use.")
_LIST = """
select id, topic, partition, at_offset, reason, received_at, dropped_at from dead_letter
where resolved_at is null order by id desc limit $1
"""
_SHOW = "select record, dropped_at from dead_letter where id = $1 and resolved_at is null"
_RESOLVE = "update dead_letter set resolved_at = now(), record = '' where id = $1 and resolved_at is null"


@app.command("list")
def list_letters(limit: Annotated[int, typer.Option(min=1)] = 50) -> None:
    """Show the unresolved dead letters, newest first; no contents."""

    async def work(_: Settings, connection: Connection) -> None:
        table = Table("id", "topic", "partition", "offset", "reason", "received", "bytes")
        for row in await connection.fetch(_LIST, limit):
            received = row["received_at"].isoformat(timespec="seconds")
            place = (row["topic"], str(row["partition"]), str(row["at_offset"]))
            kept = "kept" if row["dropped_at"] is None else "dropped: their time was over"
            table.add_row(str(row["id"]), *place, row["reason"], received, kept)
        Console().print(table)

    with_store("dead-letters", work)


@app.command()
def show(letter: int) -> None:
    """Print one dead letter, raw; it may hold personal data, so the view is recorded."""

    async def work(_: Settings, connection: Connection) -> asyncpg.Record | None:
        async with connection.transaction():
            row: asyncpg.Record | None = await connection.fetchrow(_SHOW, letter)
            if row is not None and row["dropped_at"] is None:
                await record_action(connection, operator_name(), "dead_letter.viewed", str(letter))
        return row

    row = with_store("dead-letters", work)
    if row is None:
        typer.echo(f"hub: no unresolved dead letter {letter}", err=True)
        raise typer.Exit(1)
    if row["dropped_at"] is not None:
        dropped = row["dropped_at"].isoformat(timespec="seconds")
        typer.echo(f"hub: the bytes of dead letter {letter} were dropped at {dropped}", err=True)
        raise typer.Exit(1)
    try:
        record = decode_record(row["record"])
    except UntrustedRowError as error:
        typer.echo(f"hub: dead letter {letter}: {error.why}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{record.topic}-{record.partition}@{record.offset} key={record.key!r}")
    for name, value in record.headers:
        typer.echo(f"{name}: {value!r}")
    typer.echo(repr(record.value))


@app.command()
def resolve(letter: int) -> None:
    """Mark one dead letter as dealt with; its bytes are deleted."""

    async def work(_: Settings, connection: Connection) -> bool:
        return (await connection.execute(_RESOLVE, letter)).endswith(" 1")

    if not with_store("dead-letters", work):
        typer.echo(f"hub: no unresolved dead letter {letter}", err=True)
        raise typer.Exit(1)
    typer.echo(f"dead letter {letter} resolved")
