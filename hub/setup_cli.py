"""`hub setup`: tables, topics, the hub's user and the master key."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hub import participants
from hub.commands import run, settings
from hub.kafka_admin import KafkaAdmin
from hub.sealing import MasterKey
from hub.store import database


def setup(
    user: Annotated[str, typer.Option(help="SCRAM user that the hub's processes will use")] = "hub",
    partitions: Annotated[int, typer.Option(min=1, help="partitions of in.hub and dossier.facts")] = 4,
) -> None:
    """Create tables, topics, the hub's user and the master key. Needs an administrator's HUB_KAFKA__USER."""
    tree = settings()

    async def work() -> str:
        connection = await database.connect_at_start(tree.postgres, "setup", timeout_s=None)
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
