"""`hub setup`: tables, topics, the hub's user and the master key."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hub import own_users, participants
from hub.commands import run, settings
from hub.errors import StartupError
from hub.integrity import FILE_NAME
from hub.kafka_admin import KafkaAdmin
from hub.own_users import EnvFile, Rotate
from hub.sealing import MasterKey
from hub.settings import Settings
from hub.store import database
from hub.store.database import Connection

_HAS_SEALED = "select exists (select from dossier_key) or exists (select from term_seed)"


def setup(
    user: Annotated[str, typer.Option(help="SCRAM user that the hub's processes will use")] = "hub",
    partitions: Annotated[int, typer.Option(min=1, help="partitions of in.hub and dossier.facts")] = 4,
    env_file: EnvFile = None,
    rotate: Rotate = False,
) -> None:
    """Create tables, topics, the hub's user and the master key; what exists stays as it is.

    Needs an administrator's HUB_KAFKA__USER.
    """
    tree = settings()

    async def work() -> str:
        connection = await database.connect_at_start(tree.postgres, "setup", timeout_s=None)
        try:
            for line in await prepare_store(connection, tree):
                typer.echo(line)
            admin = KafkaAdmin(tree.kafka)
            await asyncio.to_thread(admin.check)
            for topic in await participants.bound_topics(admin, connection):
                typer.echo(f"bounded what {topic} keeps")
        finally:
            await connection.close()
        await participants.prepare_hub(admin, user, partitions)
        return await asyncio.to_thread(own_users.admit, admin, user, env_file, is_rotated=rotate)

    typer.echo(run(work()))


async def prepare_store(connection: Connection, tree: Settings) -> list[str]:
    """Tables, master key and store key; returns what is new.

    `StartupError` for sealed data without their key.
    """
    told = [f"applied {name}" for name in await database.migrate(connection)]
    if not tree.master_key_file.exists():
        if await connection.fetchval(_HAS_SEALED):
            raise StartupError(
                f"HUB_MASTER_KEY_FILE: no file {tree.master_key_file}, and the database holds data sealed "
                "with a master key: put the file back; with a new key they could never be read again"
            )
        MasterKey.create_file(tree.master_key_file)
        told.append(f"new master key in {tree.master_key_file}: back it up apart from the database")
    store_key = tree.master_key_file.with_name(FILE_NAME)
    MasterKey.from_file(tree.master_key_file).store.write_file(store_key)
    return told
