"""Reports of the regulation: which are due, and how far each has come; operators see to those that wait."""

from __future__ import annotations

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
    connection: Connection, key: StoreKey, known: Organisations, periods: Iterable[Due]
) -> list[ReportProgress]:
    """How far the report of each organisation has come, in the order of the periods."""
    due = {_alias(one): one for one in reports_of(periods, known)}
    rows = await connection.fetch(_LAST_FACTS, list(due))
    there = {row["alias"]: row for row in rows if key.alias(row["alias"], row["dossier"]) == row["mac"]}
    found = []
    for alias, planned in due.items():
        row = there.get(alias)
        found.append(
            ReportProgress(planned, row["type"], row["time"]) if row else ReportProgress(planned, None, None)
        )
    return found


def reports_check(connect: Connect, book: LawBook, key: Callable[[], StoreKey], environment: str) -> Check:
    """Whether each report that was due has gone to who gets it."""
    reader: RegisterReader | None = None

    async def look() -> Sequence[Finding]:
        nonlocal reader
        connection = await connect()
        reader = reader or RegisterReader(key(), tell_untrusted, ORGANISATIONS)
        known = (await reader.read(connection)).organisations
        now = await legal_now(connection, environment)
        came = await progress(connection, key(), known, await periods_now(connection, book, now))
        found = [one.planned for one in came if one.waits(now)]
        if not found:
            return []
        names = ", ".join(one.matter for one in found[:_NAMED])
        reason = f"{len(found)} reports were not sent: {names}{' ...' if len(found) > _NAMED else ''}"
        return [Finding(reason, "`hub report due` says why; `hub report send` sends one again")]

    return Check("reports", "reports of the regulation were made and sent", look, ends_start=False)


def _alias(planned: PlannedReport) -> str:
    return alias_of(f"ref:{planned.matter}", _HUB)
