"""One-shot set-up of a site: tables, topics, the master key, the hub's user, and a participant per adapter.

Each password is written once to `CREDENTIALS/NAME.password`, readable by its owner only. Who has one keeps
it, so that running this again changes nothing. It needs an administrator's `HUB_KAFKA__USER`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from hub import participants
from hub.errors import StartupError
from hub.kafka_admin import KafkaAdmin
from hub.participants import Participant
from hub.sealing import MasterKey
from hub.settings import read_settings
from hub.store import database
from hub.store.database import Connection

HUB_USER = "hub"


async def set_up(credentials: Path, adapters: list[str], partitions: int) -> None:
    """Bring a site to where engine and adapters can start; may be repeated."""
    settings = read_settings()
    connection = await database.connect_at_start(settings.postgres, "setup")
    try:
        for name in await database.migrate(connection):
            say(f"applied {name}")
        admin = KafkaAdmin(settings.kafka)
        await asyncio.to_thread(admin.check)
        if not settings.master_key_file.exists():
            MasterKey.create_file(settings.master_key_file)
            say(f"new master key in {settings.master_key_file}: back it up apart from the database")
        await keep(credentials, HUB_USER, lambda: participants.set_up_hub(admin, HUB_USER, partitions))
        for name in adapters:
            await keep(credentials, name, admission(admin, connection, name, partitions))
    finally:
        await connection.close()


def admission(
    admin: KafkaAdmin, connection: Connection, name: str, partitions: int
) -> Callable[[], Awaitable[str]]:
    """What gives the adapter a password: joining, or a new one when it has joined before."""

    async def admit() -> str:
        if name in {participant.name for participant in await participants.registered(connection)}:
            return await participants.rotate(admin, connection, name)
        return await participants.add(admin, connection, Participant(name, (name,), (), partitions))

    return admit


async def keep(credentials: Path, name: str, make: Callable[[], Awaitable[str]]) -> None:
    """Write the password that `make` returns, unless there is one already."""
    path = credentials / f"{name}.password"
    if path.exists():
        say(f"{name}: has its password")
        return
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(await make(), "utf-8")
    draft.replace(path)
    say(f"{name}: new password in {path}")


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Set up; status 2 and one line when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, help="folder of the passwords")
    parser.add_argument(
        "--adapter", action="append", default=[], help="participant to create; may be repeated"
    )
    parser.add_argument("--partitions", type=int, default=4, help="partitions of each topic")
    options = parser.parse_args()
    os.umask(0o077)
    try:
        asyncio.run(set_up(options.credentials, options.adapter, options.partitions))
    except StartupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
