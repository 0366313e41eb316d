"""`hub dead-letters`: what could not be used, with its raw bytes."""

from __future__ import annotations

from typing import Annotated

import asyncpg
import typer

from hub.cli.asking import By, IsSure, Why, order
from hub.cli.shared import fail, operator_name, with_store
from hub.errors import UntrustedRowError
from hub.facts.parking import decode_record
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_record, print_rows, say
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Records that nobody could use.")
_LIST = """
select id, topic, partition, at_offset, reason, received_at, dropped_at from dead_letter
where resolved_at is null order by id desc limit $1
"""
_SHOW = "select record, dropped_at from dead_letter where id = $1 and resolved_at is null"
_RESOLVE = "update dead_letter set resolved_at = now(), record = '' where id = $1 and resolved_at is null"


_DROPPED = "dropped: their time was over"
Letter = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="number of the letter, as `list` shows it")]


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: AsJson = False
) -> None:
    """Show the unresolved dead letters, newest first; no contents."""

    async def work(_: Settings, connection: Connection) -> list[dict[str, object]]:
        return [_row(row) for row in await connection.fetch(_LIST, limit)]

    columns = ("id", "topic", "reason", "received_at")
    rows = with_store("dead-letters", work)
    print_rows(rows, columns, as_json=as_json, none="no dead letters", more=("partition", "offset", "bytes"))


def _row(row: asyncpg.Record) -> dict[str, object]:
    return {
        "id": row["id"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["at_offset"],
        "reason": row["reason"],
        "received_at": row["received_at"],
        "bytes": "kept" if row["dropped_at"] is None else _DROPPED,
    }


@app.command()
def show(letter: Letter, operator: By = "", as_json: AsJson = False) -> None:
    """Print one dead letter, raw; it may hold personal data, so the view is recorded."""

    async def work(_: Settings, connection: Connection) -> asyncpg.Record | None:
        async with connection.transaction():
            row: asyncpg.Record | None = await connection.fetchrow(_SHOW, letter)
            if row is not None and row["dropped_at"] is None:
                await record_action(
                    connection, operator or operator_name(), "dead_letter.viewed", str(letter)
                )
        return row

    row = with_store("dead-letters", work)
    if row is None:
        fail(_none(letter))
    if row["dropped_at"] is not None:
        dropped = row["dropped_at"].isoformat(timespec="seconds")
        fail(
            f"the bytes of dead letter {letter} were dropped at {dropped}; hub dead-letters resolve {letter}"
        )
    try:
        record = decode_record(row["record"])
    except UntrustedRowError as error:
        fail(f"dead letter {letter}: {error.why}")
    place = f"{record.topic}-{record.partition}@{record.offset}"
    headers = {name: repr(value) for name, value in record.headers}
    shown = {"place": place, "key": repr(record.key), "headers": headers, "value": repr(record.value)}
    if as_json:
        print_record(shown, as_json=True)
        return
    say(f"{place} key={record.key!r}")
    for name, value in record.headers:
        say(f"{name}: {value!r}")
    say(repr(record.value))


@app.command()
def resolve(letter: Letter, reason: Why = "", operator: By = "", is_sure: IsSure = False) -> None:
    """Mark one dead letter as dealt with; its bytes are deleted."""
    by = order(f"Delete the bytes of dead letter {letter}?", operator, reason, is_sure=is_sure)

    async def work(_: Settings, connection: Connection) -> bool:
        async with connection.transaction():
            is_done = (await connection.execute(_RESOLVE, letter)).endswith(" 1")
            if is_done:
                await record_action(connection, by.operator, "dead_letter.resolved", str(letter), by.reason)
        return is_done

    if not with_store("dead-letters", work):
        fail(_none(letter))
    say(f"dead letter {letter} resolved")


def _none(letter: int) -> str:
    return f"no unresolved dead letter {letter}: hub dead-letters list"
