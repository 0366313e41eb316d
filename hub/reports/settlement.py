"""Fees that one-stops collected for agencies, quarter by quarter, as they were settled (9.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, genuine_body
from hub.postgres.database import Connection
from hub.regulation.clock import local_day
from hub.reports.measures import Period

_FACTS = f"""
select {FACT_COLUMNS} from fact f where f.type = 'onestop.fees.settled.v1' order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
Data = Mapping[str, Any]


class SettlementSheet:
    """Of each quarter with a day in the period the last settlement, a row for each kind of charge.

    A quarter is settled after its end, so facts of after the period count too. With `told_to` those that this
    participant was told of.
    """

    def __init__(self, period: Period, organisation: str | None, told_to: str | None = None) -> None:
        self._period = period
        self._organisation = organisation
        self._told_to = told_to
        self._last: dict[tuple[str, str, str], tuple[Data, datetime]] = {}

    def add(self, body: Data, time: datetime) -> None:
        """The next `fees.settled`."""
        data = body["data"]
        is_asked = self._organisation in (None, data["organisation"], data["agency"])
        is_told = self._told_to is None or self._told_to in body["to"]
        if is_asked and is_told and touches(self._period, data["quarter"]):
            self._last[data["organisation"], data["agency"], data["quarter"]] = data, time

    def rows(self) -> list[dict[str, object]]:
        """By one-stop, agency and quarter."""
        return [row for _, (data, time) in sorted(self._last.items()) for row in rows_of(data, time)]


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
