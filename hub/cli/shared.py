"""What every command shares: run to the end, with a session on the store; errors are `hub.cli.errors`'s."""

from __future__ import annotations

import getpass
import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, NoReturn, TypeVar

import typer
import uvloop

from hub.checks.check import must_hold
from hub.checks.store import store_check
from hub.postgres import database
from hub.postgres.database import Connection
from hub.printing.tables import say
from hub.settings import Settings, read_settings

Result = TypeVar("Result")
_STATEMENT_S = 300.0
"""An operator waits for a statement that reads a large table."""


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end."""
    return uvloop.run(work)


def settings() -> Settings:
    """Settings; `StartupError` in one line."""
    return read_settings()


def fail(why: str, status: int = 1) -> NoReturn:
    """End the command with one line."""
    say(f"hub: {why}", err=True)
    raise typer.Exit(status)


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
