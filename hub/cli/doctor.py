"""`hub doctor`: looks at everything that has to be right, one line each."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
import typer

from hub.checks.check import Check, Outcome, look_all
from hub.checks.roles import engine_checks
from hub.cli.shared import run, settings
from hub.delivery.declaration import declarations
from hub.kafka.admin import KafkaAdmin
from hub.postgres import database
from hub.postgres.database import Connection


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="a list of objects, for programs")] = False,
) -> None:
    """Look at everything that has to be right; exit status 1 when something is not, with what to do.

    Needs the settings of an engine.
    """
    outcomes: list[Outcome] = run(_looked())
    if as_json:
        typer.echo(orjson.dumps([_as_object(outcome) for outcome in outcomes]).decode())
    else:
        for outcome in outcomes:
            typer.echo("\n".join(_lines(outcome)))
    if not all(outcome.is_ok for outcome in outcomes):
        raise typer.Exit(1)


async def _looked() -> list[Outcome]:
    tree = settings()
    admin = KafkaAdmin(tree.kafka)
    await asyncio.to_thread(admin.check)
    connection = await database.connect_at_start(tree.postgres, "doctor")

    async def connect() -> Connection:
        return connection

    try:
        declared = [check for one in declarations().values() for check in one.checks(connect)]
        return await look_all([*engine_checks(tree, admin, connect), *declared])
    finally:
        await connection.close()


def _lines(outcome: Outcome) -> list[str]:
    check = outcome.check
    if outcome.unknown is not None:
        return [f"?       {check.name}: {outcome.unknown}"]
    if outcome.is_ok:
        return [f"ok      {check.name}: {check.looks_at}"]
    return [f"failed  {check.name}: {finding.reason}; {finding.remedy}" for finding in outcome.findings]


def _as_object(outcome: Outcome) -> dict[str, object]:
    check: Check = outcome.check
    return {
        "check": check.name,
        "looks_at": check.looks_at,
        "outcome": "ok" if outcome.is_ok else "unknown" if outcome.unknown is not None else "failed",
        "unknown": outcome.unknown,
        "findings": [{"reason": f.reason, "remedy": f.remedy} for f in outcome.findings],
    }
