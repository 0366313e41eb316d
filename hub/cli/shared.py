"""What every command shares: run to the end, and say in one line what is wrong."""

from __future__ import annotations

import getpass
import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import asyncpg
import typer
import uvloop

from hub.checks.check import must_hold
from hub.checks.store import store_check
from hub.errors import StartupError, StopError
from hub.postgres import database
from hub.postgres.away import is_away, reason_of
from hub.postgres.database import Connection
from hub.settings import Settings, read_settings

Result = TypeVar("Result")
_STATEMENT_S = 300.0
"""An operator waits for a statement that reads a large table."""


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; a start error exits with 2, a stop error with 1, each with one line."""
    try:
        return uvloop.run(work)
    except StartupError as error:
        typer.echo(f"hub: {error}", err=True)
        raise typer.Exit(2) from None
    except StopError as error:
        typer.echo(f"hub: {error}", err=True)
        raise typer.Exit(1) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not is_away(error):
            raise
        typer.echo(f"hub: PostgreSQL cannot do it now: {reason_of(error)}; try again", err=True)
        raise typer.Exit(1) from None


def settings() -> Settings:
    """Settings, or exit status 2 with one line."""
    try:
        return read_settings()
    except StartupError as error:
        typer.echo(f"hub: {error}", err=True)
        raise typer.Exit(2) from None


def operator_name() -> str:
    """Who types: the user of the machine, or its number where it has no name (a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


async def _the_same(connection: Connection) -> Connection:
    return connection


def with_store(name: str, work: Callable[[Settings, Connection], Awaitable[Result]]) -> Result:
    """Read the settings, connect to the store as `name`, do the work, and disconnect."""

    async def connected() -> Result:
        tree = settings()
        connection = await database.connect_at_start(tree.postgres, name, timeout_s=_STATEMENT_S)
        try:
            await must_hold([store_check(partial(_the_same, connection))])
            return await work(tree, connection)
        finally:
            await connection.close()

    result: Result = run(connected())
    return result
