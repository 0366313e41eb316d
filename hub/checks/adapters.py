"""Installed adapters: they can be read, and all that have tables in the store are among them."""

from __future__ import annotations

from collections.abc import Sequence

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.postgres.adapter_tables import adapter_scripts, owners_not_installed
from hub.postgres.database import missing_tables


def adapters_check(connect: Connect) -> Check:
    """An engine can empty the tables of every adapter when a dossier is erased."""

    async def look() -> Sequence[Finding]:
        connection = await connect()
        found = [
            Finding(
                f"{name} has tables in the store and is not installed here: an erasure does not reach them",
                "install its package wherever an engine or `hub erase` runs",
            )
            for name in await owners_not_installed(connection)
        ]
        known = adapter_scripts()
        missing = [name for name in await missing_tables(connection, None) if name in known]
        if missing:
            found.append(Finding(f"tables of {', '.join(missing)} are missing", "run `hub setup`"))
        return found

    return Check("adapters", "those with tables in the store are installed here", look, ends_start=False)
