"""Reports that are due, made by who has the key: all that wait are counted in one pass over the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from hub.errors import HubError, UntrustedRowError
from hub.facts.sealing import MasterKey
from hub.participants import register_editions
from hub.regulation import roster
from hub.regulation.organisations import Organisations
from hub.regulation.roster import Roster
from hub.reports.asked import (
    NEWEST,
    CountedReport,
    Sources,
    formulas_of,
    known_organisations,
    period_of_days,
)
from hub.reports.counting import Counting, CountOfDossiers, group_of
from hub.reports.delays import delay_reasons
from hub.reports.errors import ReportError
from hub.reports.life import Life
from hub.reports.measures import Period
from hub.reports.officers import OfficerSheet, accepted_by
from hub.reports.paper import MOST_LATE, MOST_NAMED
from hub.reports.report import By
from hub.reports.settlement import SettlementSheet, read_settlements
from hub.reports.stored import lives_until
from hub.reports.work import LateList, WorkSheet

Due = Mapping[str, Any]
"""The data of a `report.due`."""


@dataclass(slots=True)
class CountUnderWay:
    """One of the reports that are counted together; `trouble` is why it cannot be made."""

    due: Due
    period: Period
    counting: Counting
    count: CountOfDossiers | SettlementSheet
    trouble: HubError | None = None

    def add(self, life: Life) -> None:
        """The next dossier; what is wrong with it stops this report and no other."""
        if self.trouble is not None or isinstance(self.count, SettlementSheet):
            return
        try:
            if (seen := self.counting.seen(life)) is not None:
                self.count.add(seen)
        except UntrustedRowError as error:
            self.trouble = error


async def make_together(
    sources: Sources, master: MasterKey, wanted: Sequence[Due], most_named: int | None = MOST_NAMED
) -> list[CountedReport | HubError]:
    """Count what each of them asks for; in its place stands why one cannot be made.

    That is a `ReportError`, or an `UntrustedRowError` of what it would be counted from. The dossiers are read
    once, and the memory is that of the counts. Of agencies, accounts and settlements, which participants
    name, `most_named` have rows of their own.
    """
    known = await known_organisations(sources.connection, sources.key)
    posted = await _posted(sources)
    begun = [_begun(sources, master, due, known, posted, most_named) for due in wanted]
    counts = [one for one in begun if isinstance(one, CountUnderWay)]
    await _read_dossiers(sources, [one for one in counts if not isinstance(one.count, SettlementSheet)])
    await _read_settlements(sources, [one for one in counts if isinstance(one.count, SettlementSheet)])
    return [
        await _made(sources, master, one, known) if isinstance(one, CountUnderWay) else one for one in begun
    ]


async def make_officers(
    sources: Sources, master: MasterKey, one_stop: str, first: date, last: date
) -> CountedReport:
    """The period of each officer who was posted there, for the agencies that post them (7.3).

    Raises what `make` does.
    """
    days = {"first": first.isoformat(), "last": last.isoformat()}
    due = {"kind": "officers", "about": one_stop, **days}
    (made,) = await make_together(sources, master, [due], most_named=None)
    if isinstance(made, HubError):
        raise made
    return made


async def _posted(sources: Sources) -> Roster:
    edition = await register_editions.stored(sources.connection, sources.key, "roster")
    return roster.from_json(edition.content) if edition is not None else Roster()


def _begun(
    sources: Sources, master: MasterKey, due: Due, known: Organisations, posted: Roster, most: int | None
) -> CountUnderWay | ReportError:
    first, last = date.fromisoformat(due["first"]), date.fromisoformat(due["last"])
    try:
        period = period_of_days(first, last, sources.now)
    except ReportError as error:
        return error
    about = due.get("about")
    counting = Counting(formulas_of(NEWEST), period, sources.book, about)
    count: CountOfDossiers | SettlementSheet
    match due["kind"]:
        case "settlement":
            count = SettlementSheet(period, about, most=most)
        case "late":
            count = LateList(MOST_LATE)
        case "officers":
            count = OfficerSheet(posted, about or "", period, accepted_by(master, about or ""), most)
        case _:
            count = WorkSheet(group_of(due["by"], known), most)
    return CountUnderWay(due, period, counting, count)


async def _read_dossiers(sources: Sources, counts: Sequence[CountUnderWay]) -> None:
    """Bring each dossier to the reports that may count it."""
    if not counts:
        return
    by_end: dict[datetime, list[CountUnderWay]] = defaultdict(list)
    by_whom: dict[tuple[datetime, str | None], list[CountUnderWay]] = defaultdict(list)
    for one in counts:
        by_end[one.period.until].append(one)
        by_whom[one.period.until, one.due.get("about")].append(one)
    with_keys = any(one.due["kind"] == "officers" for one in counts)
    reading = lives_until(sources.connection, sources.key, by_end, with_keys=with_keys)
    async with aclosing(reading) as found:
        async for end, life in found:
            if isinstance(life, UntrustedRowError):
                _stop(by_end[end], life)
                continue
            for whose in {None, life.organisation, life.agency}:
                for one in by_whom.get((end, whose), ()):
                    one.add(life)


async def _read_settlements(sources: Sources, counts: Sequence[CountUnderWay]) -> None:
    sheets = [one.count for one in counts if isinstance(one.count, SettlementSheet)]
    if not sheets:
        return
    try:
        await read_settlements(sources.connection, sources.key, sheets)
    except UntrustedRowError as error:
        _stop(counts, error)


def _stop(counts: Iterable[CountUnderWay], why: HubError) -> None:
    for one in counts:
        one.trouble = one.trouble or why


async def _made(
    sources: Sources, master: MasterKey, one: CountUnderWay, known: Organisations
) -> CountedReport | HubError:
    if one.trouble is not None:
        return one.trouble
    due, rows = one.due, one.count.rows()
    by: By = "all" if due["kind"] == "officers" else due["by"]
    made = CountedReport(
        due["kind"], one.period, rows, by, due.get("about"), known=known,
        rule=due.get("rule"), office=due.get("organisation"), left_out=one.count.left_out,
    )  # fmt: skip
    if not isinstance(one.count, LateList):
        return made
    try:
        reasons = await delay_reasons(sources.connection, master, [str(row["id"]) for row in rows])
    except UntrustedRowError as error:
        return error
    worded = [row | {"words": reasons.get(str(row["id"]))} for row in rows]
    return replace(made, rows=worded)
