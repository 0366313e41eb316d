"""`hub gateway`: what an operator does for the gateway."""

from __future__ import annotations

import asyncio

import typer

from hub import participants
from hub.admission import GATEWAY
from hub.commands import run, settings
from hub.kafka_admin import KafkaAdmin
from hub.store import database

app = typer.Typer(no_args_is_help=True, help="HTTPS for participants without a Kafka client.")


@app.callback()
def _group() -> None:
    """HTTPS for participants without a Kafka client."""


@app.command("user")
def user() -> None:
    """Create the gateway's own user, or give it a new password. Needs an administrator's HUB_KAFKA__USER."""
    tree = settings()

    async def work() -> str:
        admin = KafkaAdmin(tree.kafka)
        await asyncio.to_thread(admin.check)
        connection = await database.connect_at_start(tree.postgres, "gateway-user")
        try:
            return await participants.set_up_gateway(admin, connection)
        finally:
            await connection.close()

    password = run(work())
    name = participants.user_of(GATEWAY, tree.kafka.prefix)
    typer.echo(f"HUB_KAFKA__USER={name}\nHUB_KAFKA__PASSWORD={password}")
