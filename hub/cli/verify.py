"""`hub verify`: every stored row against its check, chains and states against the facts."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from hub.cli.shared import with_store
from hub.facts.expiring_keys import load_terms
from hub.facts.sealing import MasterKey
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, print_record, say
from hub.privacy.row_sweep import RowSweep
from hub.regulation.lawbook import load_book
from hub.settings import Settings


def verify(as_json: AsJson = False) -> None:
    """Name every stored row that the hub has not written so; changes nothing, and may run beside engines."""

    async def work(settings: Settings, connection: Connection) -> tuple[int, dict[str, int]]:
        master = MasterKey.from_file(settings.master_key_file)
        clock = await read_clock(connection, settings.environment)
        await load_terms(connection, master, clock.of(datetime.now(UTC)).date())
        sweep = RowSweep(connection, master, load_book(settings.profile, settings.regulation))
        found = 0
        async for finding in sweep.findings():
            found += 1
            if as_json:
                findings.append({"row": finding.row, "why": finding.why})
            else:
                say(str(finding))
        return found, sweep.counts

    findings: list[dict[str, object]] = []
    found, counts = with_store("operator", work)
    read = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    if as_json:
        print_record({"read": counts, "findings": findings}, as_json=True)
        raise typer.Exit(1 if found else 0)
    say(f"{found} rows are not what the hub has written; read: {read}")
    if found:
        raise typer.Exit(1)
