"""The command line: `hub`, one sub-command a task; errors are one line and an exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from hub import crashpoints, participants
from hub.commands import run, settings
from hub.dead_letters_cli import app as dead_letters_app
from hub.deliveries_cli import app as deliveries_app
from hub.embedded.cli import app as embedded_app
from hub.gateway.cli import app as gateway_app
from hub.kafka_admin import KafkaAdmin
from hub.logs import name_process
from hub.operator_cli import erase, offsets_app, redrive, replay_topic
from hub.participants_cli import app as participants_app
from hub.pki_cli import pki_app
from hub.sealing import MasterKey
from hub.store import database

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Integration hub of a public one-stop shop."
)
app.add_typer(embedded_app, name="embedded")
app.add_typer(participants_app, name="participants")
app.add_typer(gateway_app, name="gateway")
app.add_typer(offsets_app, name="offsets")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(deliveries_app, name="deliveries")
app.add_typer(pki_app, name="pki")
app.command("redrive")(redrive)
app.command("erase")(erase)
app.command("replay")(replay_topic)


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
    role: Annotated[str, typer.Argument(help="engine, gateway, or adapter")],
    name: Annotated[str | None, typer.Argument(help="which adapter")] = None,
) -> None:
    """Run one role until SIGTERM; the drain takes at most 15 s."""
    crashpoints.arm(os.environ.get("HUB_CRASH_AT"))
    if role == "engine":
        from hub.engine_role import run_engine  # noqa: PLC0415 - a process imports its own role only

        tree = settings()
        name_process(role, tree.engine.instance)
        run(_until_signalled(lambda stop: run_engine(tree, stop)))
    elif role == "gateway":
        from hub.gateway.role import gateway_settings, run_gateway  # noqa: PLC0415 - a process imports its own role only

        door = gateway_settings()
        name_process(role, role)
        run(_until_signalled(lambda stop: run_gateway(door, stop)))
    elif role == "adapter" and name is not None:
        from hub.adapter_role import run_adapter_role  # noqa: PLC0415 - a process imports its own role only

        name_process(role, name)
        run(_until_signalled(lambda stop: run_adapter_role(name, stop)))
    else:
        from hub.adapter_role import adapter_names  # noqa: PLC0415 - a process imports its own role only

        typer.echo(
            f"hub: no role {role}; roles: engine, gateway, adapter {'|'.join(adapter_names())}", err=True
        )
        raise typer.Exit(2)


async def _until_signalled(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


if __name__ == "__main__":
    sys.exit(app())
