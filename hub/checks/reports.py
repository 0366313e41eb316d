"""Reports of the regulation: which are due, and how far each has come; operators see to those that wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.identifiers import alias_of
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.regulation.report_days import Due, PlannedReport, periods_due, reports_of

_HUB = "hub"
_FIRST = """
select f.time from fact f where f.dossier_id = (select id from dossier order by id limit 1) and f.sequence = 1
"""
_LAST_FACTS = """
select a.alias, a.dossier_id::text as dossier, a.mac, last.type, last.time
from alias a cross join lateral (
    select f.type, f.time from fact f where f.dossier_id = a.dossier_id order by f.sequence desc limit 1
) last
where a.alias = any($1::text[])
"""
_SENT, _UNSENT = "onestop.report.sent.v1", "onestop.report.unsent.v1"
_LATE = timedelta(days=1)
_WHOLE_S = 3600.0
_NAMED = 3


@dataclass(frozen=True, slots=True)
class ReportProgress:
    """A report whose day has come; type and time of its last fact, None while it is on record nowhere."""

    planned: PlannedReport
    last: str | None
    at: datetime | None

    def waits(self, now: datetime) -> bool:
        """Whether somebody has to see to it: nobody could be told, or it takes longer than a day."""
        if self.last in {None, _SENT} or self.at is None:
            return False
        return self.last == _UNSENT or self.at < now - _LATE


async def legal_now(connection: Connection, environment: str) -> datetime:
    """The legal time."""
    return (await read_clock(connection, environment)).of(datetime.now(UTC))


async def periods_now(connection: Connection, book: LawBook, now: datetime) -> tuple[Due, ...]:
    """Whose day has come by now, since the store has something, in the order of the profile."""
    since = await connection.fetchval(_FIRST)
    return tuple(periods_due(book.in_force(local_day(now)), now, local_day(since))) if since else ()


async def progress(
    connection: Connection, key: StoreKey, planned: Iterable[PlannedReport]
) -> list[ReportProgress]:
    """How far each of these has come, in their order."""
    due = {_alias(one): one for one in planned}
    rows = await connection.fetch(_LAST_FACTS, list(due))
    there = {row["alias"]: row for row in rows if key.alias(row["alias"], row["dossier"]) == row["mac"]}
    found = []
    for alias, one in due.items():
        row = there.get(alias)
        found.append(
            ReportProgress(one, row["type"], row["time"]) if row else ReportProgress(one, None, None)
        )
    return found


class ReportsOnRecord:
    """How far reports have come, look after look, without asking for all of 400 days at each.

    What was sent is asked for once an hour: only an order to send it again changes it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: tuple[Organisations, tuple[Due, ...]] | None = None
        self._planned: list[PlannedReport] = []
        self._sent: set[str] = set()
        self._next_whole = 0.0

    async def look(
        self, connection: Connection, key: StoreKey, known: Organisations, periods: tuple[Due, ...]
    ) -> list[ReportProgress]:
        """Those that were not sent when they were asked for last."""
        if self._of is None or self._of[0] is not known or self._of[1] != periods:
            self._planned = list(reports_of(periods, known))
            self._of = known, periods
        if self._clock() >= self._next_whole:
            self._sent = set()
            self._next_whole = self._clock() + _WHOLE_S
        open_ones = [one for one in self._planned if one.matter not in self._sent]
        found = await progress(connection, key, open_ones)
        self._sent |= {one.planned.matter for one in found if one.last == _SENT}
        return found


def reports_check(connect: Connect, book: LawBook, key: Callable[[], StoreKey], environment: str) -> Check:
    """Whether each report that was due has gone to who gets it."""
    reader: RegisterReader | None = None
    on_record = ReportsOnRecord()

    async def look() -> Sequence[Finding]:
        nonlocal reader
        connection = await connect()
        reader = reader or RegisterReader(key(), tell_untrusted, ORGANISATIONS)
        known = (await reader.read(connection)).organisations
        now = await legal_now(connection, environment)
        came = await on_record.look(connection, key(), known, await periods_now(connection, book, now))
        found = [one.planned for one in came if one.waits(now)]
        if not found:
            return []
        names = ", ".join(one.matter for one in found[:_NAMED])
        reason = f"{len(found)} reports were not sent: {names}{' ...' if len(found) > _NAMED else ''}"
        return [Finding(reason, "`hub report due` says why; `hub report send` sends one again")]

    return Check("reports", "reports of the regulation were made and sent", look, ends_start=False)


def _alias(planned: PlannedReport) -> str:
    return alias_of(f"ref:{planned.matter}", _HUB)
