"""The command line: `hub`, one sub-command a task; errors are one line and an exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hub import crashpoints, participants
from hub.adapter_role import adapter_names, run_adapter_role
from hub.commands import run, settings
from hub.connecting import how_to_connect
from hub.dead_letters_cli import app as dead_letters_app
from hub.embedded.cli import app as embedded_app
from hub.engine_role import run_engine
from hub.kafka_admin import KafkaAdmin
from hub.logs import name_process
from hub.operator_cli import offsets_app, redrive, replay_topic
from hub.sealing import MasterKey
from hub.settings import Settings
from hub.store import database

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Integration hub of a public one-stop shop."
)
participants_app = typer.Typer(no_args_is_help=True, help="Who takes part.")
app.add_typer(embedded_app, name="embedded")
app.add_typer(participants_app, name="participants")
app.add_typer(offsets_app, name="offsets")
app.add_typer(dead_letters_app, name="dead-letters")
app.command("redrive")(redrive)
app.command("replay")(replay_topic)
console = Console()


@app.command()
def setup(
    user: Annotated[str, typer.Option(help="SCRAM user that the hub's processes will use")] = "hub",
    partitions: Annotated[int, typer.Option(min=1, help="partitions of in.hub and dossier.facts")] = 4,
) -> None:
    """Create tables, topics, the hub's user and the master key. Needs an administrator's HUB_KAFKA__USER."""
    tree = settings()

    async def work() -> str:
        connection = await database.connect_at_start(tree.postgres, "setup")
        for name in await database.migrate(connection):
            typer.echo(f"applied {name}")
        await connection.close()
        admin = KafkaAdmin(tree.kafka)
        await asyncio.to_thread(admin.check)
        if not tree.master_key_file.exists():
            MasterKey.create_file(tree.master_key_file)
            typer.echo(f"new master key in {tree.master_key_file}: back it up apart from the database")
        return await participants.set_up_hub(admin, user, partitions)

    password = run(work())
    typer.echo(f"HUB_KAFKA__USER={user}\nHUB_KAFKA__PASSWORD={password}")


@app.command("run")
def run_role(
    role: Annotated[str, typer.Argument(help="engine, or adapter")],
    name: Annotated[str | None, typer.Argument(help="which adapter")] = None,
) -> None:
    """Run one role until SIGTERM; the drain takes at most 15 s."""
    crashpoints.arm(os.environ.get("HUB_CRASH_AT"))
    if role == "engine":
        tree = settings()
        name_process(role, tree.engine.instance)
        run(_until_signalled(lambda stop: run_engine(tree, stop)))
    elif role == "adapter" and name is not None:
        name_process(role, name)
        run(_until_signalled(lambda stop: run_adapter_role(name, stop)))
    else:
        typer.echo(f"hub: no role {role}; roles: engine, adapter {'|'.join(adapter_names())}", err=True)
        raise typer.Exit(2)


async def _until_signalled(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


@participants_app.command("add")
def add(
    name: str,
    role: Annotated[list[str], typer.Option(help="one or more of " + ", ".join(participants.ROLES))],
    organisation: Annotated[list[str] | None, typer.Option(help="organisation codes it speaks for")] = None,
    partitions: Annotated[int, typer.Option(min=1)] = 4,
    quota_bytes_per_s: Annotated[
        int, typer.Option(min=1024, help="what it may write, and what it may read, per second and broker")
    ] = 5 << 20,
) -> None:
    """Register a participant and print how it connects; the password is shown once."""
    participant = participants.Participant(
        name, tuple(role), tuple(organisation or ()), partitions, quota_bytes_per_s
    )
    password = run(_administered(lambda admin, connection: participants.add(admin, connection, participant)))
    _print_connection(settings(), name, password)


@participants_app.command("rotate")
def rotate(name: str) -> None:
    """Give a participant a new password."""
    password = run(_administered(lambda admin, connection: participants.rotate(admin, connection, name)))
    _print_connection(settings(), name, password)


@participants_app.command("remove")
def remove(name: str) -> None:
    """Take away password, rights and registration."""
    run(_administered(lambda admin, connection: participants.remove(admin, connection, name)))
    typer.echo(f"{name} removed")


@participants_app.command("list")
def list_participants() -> None:
    """Show who takes part."""

    async def work() -> list[participants.Participant]:
        connection = await database.connect_at_start(settings().postgres, "participants")
        try:
            return await participants.registered(connection)
        finally:
            await connection.close()

    table = Table("name", "roles", "organisations", "partitions")
    for participant in run(work()):
        table.add_row(
            participant.name,
            ", ".join(participant.roles),
            ", ".join(participant.organisations),
            str(participant.partitions),
        )
    console.print(table)


async def _administered(act: Any) -> Any:
    tree = settings()
    admin = KafkaAdmin(tree.kafka)
    await asyncio.to_thread(admin.check)
    connection = await database.connect_at_start(tree.postgres, "participants")
    try:
        return await act(admin, connection)
    finally:
        await connection.close()


def _print_connection(tree: Settings, name: str, password: str) -> None:
    typer.echo(how_to_connect(tree.kafka, name, password))


if __name__ == "__main__":
    sys.exit(app())
