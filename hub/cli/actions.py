"""`hub actions`: what operators did by command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.shared import with_store
from hub.postgres.database import Connection
from hub.postgres.operator_actions import last_actions
from hub.printing.tables import AsJson, print_rows
from hub.settings import Settings


def actions(
    target: Annotated[str | None, typer.Argument(help="of one dossier, participant, delivery")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who did what, when and why, newest first."""

    async def work(_: Settings, connection: Connection) -> list[dict[str, Any]]:
        return await last_actions(connection, target, limit)

    columns = ("at", "operator", "action", "target", "reason")
    print_rows(with_store("operator", work), columns, as_json=as_json, none="nothing yet")
