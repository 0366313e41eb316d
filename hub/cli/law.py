"""`hub law`: the versions of the law that this program knows, and the pins of their files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.replan import replan
from hub.cli.shared import fail, settings
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book, profile_texts
from hub.regulation.open_points import REMEDIES, open_points
from hub.regulation.pins import pin
from hub.regulation.profile_keys import changed_keys, keys_of

app = typer.Typer(no_args_is_help=True, help="Versions of the law.")
app.command("replan")(replan)


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


@app.command("show")
def show_profile(
    profile: Annotated[str, typer.Argument(help="name of a profile, as bentre-45-2023@2")],
    as_json: AsJson = False,
) -> None:
    """Show a profile key by key: its value, and where it stands in the law, `assumed` where unverified."""
    rows = [asdict(key) for key in keys_of(_profile_text(profile))]
    print_rows(rows, ("name", "value", "mark"), as_json=as_json, none="no key")


@app.command("diff")
def diff_profiles(before: str, after: str, as_json: AsJson = False) -> None:
    """Show in which keys two profiles differ."""
    rows = [asdict(change) for change in changed_keys(_profile_text(before), _profile_text(after))]
    print_rows(rows, ("name", "before", "after", "mark"), as_json=as_json, none="no difference")


@app.command("open")
def list_open(
    procedure: Annotated[str | None, typer.Argument(help="one procedure; left out: all of today's")] = None,
    as_json: AsJson = False,
) -> None:
    """List per procedure what neither its record nor a completion says, and what follows from that."""
    tree = settings()
    today = local_day(datetime.now(UTC))
    catalogue = load_book(tree.profile, tree.regulation).in_force(today).catalogue
    found = catalogue.find(procedure) if procedure is not None else None
    if procedure is not None and found is None:
        fail(f"the catalogue has no procedure {procedure}")
    wanted = [found] if found is not None else list(catalogue.procedures.values())
    rows = [
        {"procedure": one.code, "open": point.what, "where": point.where, "detail": REMEDIES[point.what]}
        for one in wanted
        for point in open_points(one, today)
    ]
    print_rows(rows, ("procedure", "open", "where", "detail"), as_json=as_json, none="nothing is open")


def _profile_text(name: str) -> str:
    texts = profile_texts(settings().regulation)
    if name not in texts:
        fail(f"there is no profile {name}: {', '.join(sorted(texts))}", 2)
    return texts[name]


@app.command("pin")
def pin_files(
    folder: Annotated[
        Path, typer.Argument(help="folder with profiles/, catalogues/, completions/, procedures/, calendars/")
    ],
) -> None:
    """Write the digests of new files into the folder's lock; a file that was edited is refused."""
    for path in pin(folder):
        say(path)
