"""A report that is due, made by who has the key: counts, and names of officers where it is about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hub.facts.sealing import MasterKey
from hub.participants import register_editions
from hub.regulation import roster
from hub.reports.asked import (
    NEWEST,
    CountedReport,
    Sources,
    WantedReport,
    formulas_of,
    known_organisations,
    make,
    period_of_days,
)
from hub.reports.counting import Counting
from hub.reports.delays import delay_reasons
from hub.reports.officers import accepted_by, officer_rows
from hub.reports.stored import lives


async def make_due(sources: Sources, master: MasterKey, due: Mapping[str, Any]) -> CountedReport:
    """Count what the data of a `report.due` ask for; raises what `make` does."""
    first, last = date.fromisoformat(due["first"]), date.fromisoformat(due["last"])
    if due["kind"] == "officers":
        made = await make_officers(sources, master, due["about"], first, last)
    else:
        made = await make(sources, WantedReport(due["kind"], first, last, due["by"], due.get("about")))
    if due["kind"] == "late":
        reasons = await delay_reasons(sources.connection, master, [str(row["id"]) for row in made.rows])
        rows = [row | {"words": reasons.get(str(row["id"]))} for row in made.rows]
        made = replace(made, rows=rows)
    return replace(made, rule=due["rule"], office=due["organisation"])


async def make_officers(
    sources: Sources, master: MasterKey, one_stop: str, first: date, last: date
) -> CountedReport:
    """The period of each officer who was posted there, for the agencies that post them (7.3)."""
    connection, period = sources.connection, period_of_days(first, last, sources.now)
    edition = await register_editions.stored(connection, sources.key, "roster")
    posted = roster.from_json(edition.content) if edition is not None else roster.Roster()
    accounts = await accepted_by(connection, master, one_stop, period.until)
    counting = Counting(formulas_of(NEWEST), period, sources.book, one_stop)
    found = lives(connection, sources.key, period.until)
    rows = await officer_rows(counting, found, accounts, posted, one_stop, period)
    known = await known_organisations(connection, sources.key)
    return CountedReport("officers", period, rows, organisation=one_stop, known=known)
