"""Whatever a command raises, as one line and an exit status: 2 for what was typed or set, 1 for all else."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import typer

from hub.errors import HubError, StartupError, StopError
from hub.logs import place_of
from hub.postgres.away import is_away, reason_of

_ENVIRONMENT = 'for the hub of `make up`: eval "$(hub embedded env)"'


@dataclass(frozen=True, slots=True)
class Said:
    """What is printed on standard error, and the exit status."""

    text: str
    status: int


def of_command(error: Exception) -> Said:
    """What is said of whatever a command has raised."""
    if isinstance(error, StartupError):
        return Said(f"hub: {_with_remedy(str(error))}", 2)
    if isinstance(error, HubError):
        return Said(f"hub: {error}", 1)
    return of_role(error) or _of_servers(error) or _bug(error)


def of_role(error: Exception) -> Said | None:
    """The same of a long-lived process; None: whoever looks after it wants the place, so it is raised."""
    if isinstance(error, typer.Abort):
        return Said("hub: ended, nothing was done", 1)
    if isinstance(error, typer.TyperException):
        return _typed_wrong(error)
    if isinstance(error, StartupError | StopError):
        return Said(f"hub: {error}", 2 if isinstance(error, StartupError) else 1)
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError) and is_away(error):
        return Said(f"hub: PostgreSQL cannot do it now: {reason_of(error)}; try again", 1)
    return None


def _of_servers(error: Exception) -> Said | None:
    # Clients of the broker are imported by the commands that use them only.
    name, library = type(error).__name__, type(error).__module__.partition(".")[0]
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        code = getattr(error, "sqlstate", None)
        return Said(
            f"hub: PostgreSQL refuses it: {name}{f' ({code})' if code else ''}; hub doctor looks why", 1
        )
    if library in {"aiokafka", "confluent_kafka", "cimpl"}:
        return Said(f"hub: Kafka cannot do it now: {name}; hub doctor looks why", 1)
    if isinstance(error, TimeoutError | ConnectionError):
        return Said(f"hub: a server did not answer ({name}); hub doctor looks which", 1)
    if isinstance(error, OSError) and error.filename is not None:
        return Said(f"hub: {error.filename}: {error.strerror}", 2)
    return None


def _bug(error: Exception) -> Said:
    """The place, not the text, which may quote data."""
    return Said(f"hub: a bug, {place_of(error)}: HUB_TRACEBACK=1 shows all of it, report it with that", 1)


def _typed_wrong(error: typer.TyperException) -> Said:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return Said(error.format_message(), 2)
    words = " ".join(error.format_message().split()).rstrip(".")
    command = context.command_path if context is not None else "hub"
    return Said(f"hub: {words}; {command} --help", error.exit_code)


def _with_remedy(text: str) -> str:
    is_unset = text.startswith("settings: ") and text.endswith("not set")
    return f"{text}; {_ENVIRONMENT}" if is_unset else text
