"""What each posted officer did in a period, for the sending agency (7.3): by who accepted the dossier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import open_fact
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.postgres.database import Connection
from hub.regulation.clock import local_day
from hub.regulation.roster import Posting, Roster
from hub.reports.counting import Counting
from hub.reports.life import Life
from hub.reports.measures import Period
from hub.reports.work import COUNTS

_ACCEPTED = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.type = 'onestop.dossier.accepted.v1' and f.time < $1
"""  # noqa: S608  our text
_AT_ONCE = 500
_NOBODY = "-"
"""Who accepted a dossier that was erased."""


async def accepted_by(
    connection: Connection, master: MasterKey, organisation: str, end: datetime
) -> dict[str, str]:
    """The account of the officer who accepted each dossier of the one-stop before `end`."""
    found: dict[str, str] = {}
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(_ACCEPTED, end, prefetch=_AT_ONCE):
            if not is_fact_genuine(row, master.store):
                raise AlteredRowError(fact_name(row))
            key = master.unwrap(row["wrapped"]) if row["wrapped"] is not None else None
            data = open_fact(row["bytes"], key)["data"]
            if data["organisation"] == organisation:
                found[row["dossier"]] = data.get("officer", {}).get("account", _NOBODY)
    master.forget()
    return found


async def officer_rows(
    counting: Counting,
    lives: AsyncIterator[Life],
    accounts: Mapping[str, str],
    roster: Roster,
    organisation: str,
    period: Period,
) -> list[dict[str, object]]:
    """A row for each officer who was posted there in the period, those of one sending agency together.

    What somebody accepted who was not posted stands under the one-stop itself.
    """
    sheet = await counting.work(
        (life async for life in lives if life.organisation == organisation),
        lambda life: accounts.get(life.dossier, _NOBODY),
    )
    counts = {str(row.pop("group")): row for row in sheet.rows()}
    rows = []
    for account, posting in _posted(roster, organisation, period).items():
        rows.append(_row(posting, _days(posting, period)) | counts.pop(account, dict.fromkeys(COUNTS, 0)))
    rows += [_unposted(organisation, account) | found for account, found in counts.items()]
    return sorted(rows, key=lambda row: (str(row["sent_by"]), str(row["account"])))


def _posted(roster: Roster, organisation: str, period: Period) -> dict[str, Posting]:
    """The last posting of each account there that holds on a day of the period."""
    there = [one for one in roster.postings if one.organisation == organisation and _days(one, period)]
    return {one.account: one for one in sorted(there, key=lambda one: one.in_force_from)}


def _days(posting: Posting, period: Period) -> int:
    """Days of the period on which it holds."""
    first = max(posting.in_force_from, local_day(period.begin))
    last = local_day(period.end) - timedelta(days=1)
    if posting.in_force_until is not None:
        last = min(last, posting.in_force_until - timedelta(days=1))
    return max(0, (last - first).days + 1)


def _row(posting: Posting, days: int) -> dict[str, object]:
    return {
        "sent_by": posting.sent_by or posting.organisation,
        "organisation": posting.organisation,
        "account": posting.account,
        "name": posting.name,
        "position": posting.position,
        "days": days,
    }


def _unposted(organisation: str, account: str) -> dict[str, object]:
    known = {"sent_by": organisation, "organisation": organisation, "account": account}
    return known | {"name": account, "position": "officer", "days": 0}
