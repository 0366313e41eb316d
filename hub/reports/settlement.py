"""Fees that one-stops collected for agencies, quarter by quarter, as they were settled (9.10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, genuine_body
from hub.postgres.database import Connection
from hub.regulation.clock import local_day
from hub.reports.measures import Period
from hub.reports.work import OTHERS

_FACTS = f"""
select {FACT_COLUMNS} from fact f where f.type = 'onestop.fees.settled.v1' order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_SUMS = ("receipts", "collected", "handed_over", "difference")
Data = Mapping[str, Any]
_Key = tuple[str, str, str]
"""One-stop, agency and quarter."""


class SettlementSheet:
    """Of each quarter with a day in the period the last settlement, a row for each kind of charge.

    A quarter is settled after its end, so facts of after the period count too. With `told_to` those that this
    participant was told of. With `most` that many settlements have rows of their own, those that collected
    most, and all others have theirs together: who settles names any agency.
    """

    def __init__(
        self, period: Period, organisation: str | None, told_to: str | None = None, most: int | None = None
    ) -> None:
        self._period = period
        self._organisation = organisation
        self._told_to = told_to
        self._most = most
        self._last: dict[_Key, tuple[Data, datetime]] = {}

    def add(self, body: Data, time: datetime) -> None:
        """The next `fees.settled`."""
        data = body["data"]
        is_asked = self._organisation in (None, data["organisation"], data["agency"])
        is_told = self._told_to is None or self._told_to in body["to"]
        if is_asked and is_told and touches(self._period, data["quarter"]):
            self._last[data["organisation"], data["agency"], data["quarter"]] = data, time

    @property
    def left_out(self) -> int:
        """Settlements without rows of their own."""
        return 0 if self._most is None else max(0, len(self._last) - self._most)

    def rows(self) -> list[dict[str, object]]:
        """By one-stop, agency and quarter; those of all others together are the last."""
        shown: Collection[_Key] = self._last
        if self._most is not None and self.left_out:
            shown = frozenset(nlargest(self._most, self._last, key=self._collected))
        rows = [row for key, one in sorted(self._last.items()) if key in shown for row in rows_of(*one)]
        others = [row for key, one in self._last.items() if key not in shown for row in rows_of(*one)]
        return rows + list(_together(others))

    def _collected(self, key: _Key) -> tuple[int, _Key]:
        data, _ = self._last[key]
        return sum(one["collected"] for one in data["sums"]), key


def _together(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, object]]:
    """A row for each kind of charge."""
    for kind in sorted({row["kind"] for row in rows}):
        found = [row for row in rows if row["kind"] == kind]
        sums = {name: sum(row[name] for row in found) for name in _SUMS}
        is_late = any(row["is_late"] == "yes" for row in found)
        yield {
            **dict.fromkeys(("organisation", "agency", "quarter"), OTHERS), "kind": kind, **sums,
            "settled_at": None, "is_late": "yes" if is_late else "no",
        }  # fmt: skip


async def read_settlements(connection: Connection, key: StoreKey, sheets: Sequence[SettlementSheet]) -> None:
    """Bring all settlements to each of the sheets. Raises `AlteredRowError`."""
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(_FACTS, prefetch=500):
            body = genuine_body(row, key)
            if body is None:
                raise AlteredRowError(fact_name(row))
            for sheet in sheets:
                sheet.add(body, row["time"])


def touches(period: Period, quarter: str) -> bool:
    """Whether a day of the quarter lies in the period."""
    year, number = int(quarter[:4]), int(quarter[-1])
    first = (year, 3 * number - 2)
    last_day = local_day(period.end) - timedelta(days=1)
    begin = local_day(period.begin)
    return (begin.year, begin.month) <= (year, 3 * number) and first <= (last_day.year, last_day.month)


def rows_of(data: Data, settled_at: datetime) -> Iterator[dict[str, object]]:
    """A row for each kind of charge."""
    limit = data.get("settle_by")
    is_late = limit is not None and settled_at > datetime.fromisoformat(limit)
    for one in data["sums"]:
        yield {
            "organisation": data["organisation"],
            "agency": data["agency"],
            "quarter": data["quarter"],
            "kind": one["kind"],
            "receipts": one["receipts"],
            "collected": one["collected"],
            "handed_over": one["handed_over"],
            "difference": one["collected"] - one["handed_over"],
            "settled_at": settled_at,
            "is_late": "yes" if is_late else "no",
        }
