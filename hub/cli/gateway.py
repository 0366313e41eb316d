"""`hub gateway`: what an operator does for the gateway."""

from __future__ import annotations

import asyncio

import typer

from hub.cli.shared import run, settings
from hub.facts.sealing import store_key_of
from hub.kafka.admin import KafkaAdmin
from hub.participants import own_users
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from hub.participants.own_users import EnvFile, Rotate
from hub.postgres import database
from hub.printing.tables import say

app = typer.Typer(no_args_is_help=True, help="HTTPS for participants without a Kafka client.")


@app.callback()
def _group() -> None:
    """HTTPS for participants without a Kafka client."""


@app.command("user")
def user(env_file: EnvFile = None, rotate: Rotate = False) -> None:
    """Create the gateway's own user; one that exists keeps its password.

    Needs an administrator's HUB_KAFKA__USER.
    """
    tree = settings()
    name = participants.user_of(GATEWAY, tree.kafka.prefix)

    async def work() -> str:
        admin = KafkaAdmin(tree.kafka)
        await asyncio.to_thread(admin.check)
        connection = await database.connect_at_start(tree.postgres, "gateway-user")
        try:
            await participants.prepare_gateway(admin, connection, store_key_of(tree))
        finally:
            await connection.close()
        return await asyncio.to_thread(own_users.admit, admin, name, env_file, is_rotated=rotate)

    say(run(work()))
