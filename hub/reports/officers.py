"""What each posted officer did in a period, for the sending agency (7.3): by who accepted the dossier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hub.facts.sealing import MasterKey
from hub.regulation.clock import local_day
from hub.regulation.roster import Posting, Roster
from hub.reports.life import Life
from hub.reports.measures import InPeriod, Period
from hub.reports.sealed import opened_data
from hub.reports.work import COUNTS, OTHERS, WorkSheet

_NOBODY = "-"
"""Who accepted a dossier that was erased, or one that another one-stop has accepted."""


class OfficerSheet:
    """A row for each officer who was posted to a one-stop in a period, those of one sending agency together.

    What somebody accepted who was not posted stands under the one-stop itself: of `most` accounts each, and
    of all others together.
    """

    def __init__(
        self, roster: Roster, organisation: str, period: Period, account_of: Callable[[Life], str],
        most: int | None = None,
    ) -> None:  # fmt: skip
        self._organisation = organisation
        self._period = period
        self._posted = _posted(roster, organisation, period)
        self._sheet = WorkSheet(account_of, most, self._posted)

    @property
    def left_out(self) -> int:
        """Accounts that are counted together."""
        return self._sheet.left_out

    def add(self, seen: InPeriod) -> None:
        """Count one dossier, if it is of this one-stop."""
        if seen.life.organisation == self._organisation:
            self._sheet.add(seen)

    def rows(self) -> list[dict[str, object]]:
        """By sending agency and account."""
        counts = {str(row.pop("group")): row for row in self._sheet.rows()}
        rows = []
        for account, posting in self._posted.items():
            counted = counts.pop(account, dict.fromkeys(COUNTS, 0))
            rows.append(_row(posting, _days(posting, self._period)) | counted)
        rows += [_unposted(self._organisation, account) | found for account, found in counts.items()]
        return sorted(rows, key=_place)


def _place(row: dict[str, object]) -> tuple[str, bool, str]:
    account = str(row["account"])
    return str(row["sent_by"]), account == OTHERS, account


def accepted_by(master: MasterKey, organisation: str) -> Callable[[Life], str]:
    """The account of the officer of this one-stop who accepted a dossier.

    Raises `AlteredRowError`.
    """

    def account(life: Life) -> str:
        if life.acceptance is None:
            return _NOBODY
        data = opened_data(life.dossier, life.acceptance, master)
        is_own = data["organisation"] == organisation
        return str(data.get("officer", {}).get("account", _NOBODY)) if is_own else _NOBODY

    return account


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
