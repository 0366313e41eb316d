"""`hub law`: the versions of the law that this program knows, and the pins of their files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.shared import settings
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pin

app = typer.Typer(no_args_is_help=True, help="Versions of the law.")


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """From which day on which version of profile, catalogue and calendar is in force; `*` marks today's."""
    tree = settings()
    book = load_book(tree.profile, tree.regulation)
    today = book.in_force(local_day(datetime.now(UTC)))
    rows = []
    for day in book.days:
        law = book.in_force(day)
        ruleset, catalogue, calendar = law.versions
        rows.append(
            {
                "in_force": law is today if as_json else "*" if law is today else "",
                "from": day.isoformat(),
                "ruleset": ruleset,
                "catalogue": catalogue,
                "calendar": calendar,
                "decision": law.profile.decision,
                "days_off_until": law.calendar.last_day.isoformat(),
                "guessed_years": " ".join(map(str, sorted(law.calendar.provisional_years))),
            }
        )
    columns = ("in_force", "from", "ruleset", "catalogue", "calendar")
    more = ("decision", "days_off_until", "guessed_years")
    print_rows(rows, columns, as_json=as_json, none="no law", more=more)


@app.command("pin")
def pin_files(
    folder: Annotated[
        Path, typer.Argument(help="folder with profiles/, catalogues/, completions/, procedures/, calendars/")
    ],
) -> None:
    """Write the digests of new files into the folder's lock; a file that was edited is refused."""
    for path in pin(folder):
        say(path)
