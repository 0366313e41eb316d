"""`hub failures` and `hub lag`: what is broken, and what waits."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from hub.cli.shared import with_store
from hub.kafka import client as kafka
from hub.kafka.admin import KafkaAdmin
from hub.kafka.log_inspector import LogObserver
from hub.oversight.budgets import used_up
from hub.oversight.failures import LATELY, Failure
from hub.oversight.failures import failures as read_failures
from hub.oversight.lag import lag as read_lag
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, note, print_rows
from hub.settings import Settings

_NAMES = "select name from participant order by name"


def failures(
    days: Annotated[int, typer.Option(min=1, max=90, help="how far back to look")] = LATELY.days,
    as_json: AsJson = False,
) -> None:
    """Show what is broken now or was lately, with the command that mends it; status 1 when something is."""

    async def work(tree: Settings, connection: Connection) -> list[Failure]:
        found = await read_failures(connection, datetime.now(UTC) - timedelta(days=days))
        return [*found, *await used_up(connection, tree.budget, tree.kafka.prefix)]

    found = with_store("failures", work)
    columns, more = ("kind", "what", "why", "mend"), ("count", "since")
    print_rows([asdict(one) for one in found], columns, as_json=as_json, none="nothing is broken", more=more)
    if found:
        raise typer.Exit(1)


def lag(as_json: AsJson = False) -> None:
    """Show what waits and since when: topics, readers, outbox, deliveries, reports, webhooks."""

    async def work(tree: Settings, connection: Connection) -> list[dict[str, Any]]:
        admin = KafkaAdmin(tree.kafka)
        await asyncio.to_thread(admin.check)
        names = [row["name"] for row in await connection.fetch(_NAMES)]
        consumer = kafka.consumer(tree.kafka, "lag", group=None)
        await consumer.start()
        try:
            observer = LogObserver(
                consumer, admin, tree.kafka.prefix, lambda: kafka.consumer(tree.kafka, "lag-look", group=None)
            )
            return await read_lag(connection, observer, tree.kafka.prefix, names)
        finally:
            await consumer.stop()

    columns = ("kind", "name", "waiting", "age_s", "since", "remark")
    rows = with_store("lag", work)
    print_rows(rows, columns, as_json=as_json, none="nothing waits")
    if not any(row["kind"] == "reader" for row in rows):
        note("how far participants have read is seen with an administrator's HUB_KAFKA__USER only")
