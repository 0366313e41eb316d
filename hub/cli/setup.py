"""`hub setup`: tables, topics, the hub's user and the master key."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.shared import run, settings
from hub.errors import StartupError
from hub.facts.checked import seal_earlier
from hub.facts.sealing import MasterKey, store_key_of
from hub.kafka.admin import KafkaAdmin
from hub.participants import own_users, upkeep
from hub.participants import registry as participants
from hub.participants.own_users import EnvFile, Rotate
from hub.postgres import database
from hub.postgres.database import Connection
from hub.printing.tables import say
from hub.settings import Settings

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
                say(line)
            admin = KafkaAdmin(tree.kafka)
            await asyncio.to_thread(admin.check)
            for topic in await upkeep.bound_topics(admin, connection, store_key_of(tree)):
                say(f"bounded what {topic} keeps")
            await upkeep.open_directory(admin, connection, store_key_of(tree))
        finally:
            await connection.close()
        await participants.prepare_hub(admin, user, partitions)
        return await asyncio.to_thread(own_users.admit, admin, user, env_file, is_rotated=rotate)

    say(run(work()))


async def prepare_store(connection: Connection, tree: Settings) -> list[str]:
    """Tables, master key and store key, and checks of what an earlier version wrote; returns what is new.

    `StartupError` for sealed data without their key.
    """
    told: list[str] = []

    async def seal(applied: list[str]) -> None:
        told.extend(f"applied {name}" for name in applied)
        if not tree.master_key_file.exists():
            told.append(await _new_key(connection, tree.master_key_file))
        key = MasterKey.from_file(tree.master_key_file).store
        told.extend(await seal_earlier(connection, key, applied))

    await database.migrate(connection, seal)
    MasterKey.from_file(tree.master_key_file).store.write_files(tree.master_key_file.parent)
    return told


async def _new_key(connection: Connection, file: Path) -> str:
    if await connection.fetchval(_HAS_SEALED):
        raise StartupError(
            f"HUB_MASTER_KEY_FILE: no file {file}, and the database holds data sealed "
            "with a master key: put the file back; with a new key they could never be read again"
        )
    MasterKey.create_file(file)
    return f"new master key in {file}: back it up apart from the database"
