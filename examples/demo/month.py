"""After the week: the month ends, and the hub makes and sends the reports of the regulation by itself."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path

from examples.demo.province import Places, Province
from examples.demo.stillness import Stillness
from examples.demo.week import VIETNAM
from hub.postgres.database import Connection

FIFTH_WORKING_DAY = datetime(2026, 11, 6, 8, 0, tzinfo=VIETNAM)
"""Of the month after the week's: by then all monthly reports are due."""
EXPECTED = {"late": 4, "officers": 4, "overview": 1}
"""One of each one-stop, and one of the province."""
_LIMIT_S = 90.0
_ENDED = """
select type, convert_from(bytes, 'UTF8')::jsonb -> 'data' as data from fact
where type in ('onestop.report.made.v1', 'onestop.report.sent.v1', 'onestop.report.unsent.v1')
"""


class Month:
    """What became of the month's reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, int] = {}
        self.sent = 0
        self.unsent = 0

    @property
    def problems(self) -> list[str]:
        """Reports that are not there, in words."""
        is_whole = self.made == EXPECTED and self.sent + self.unsent == sum(EXPECTED.values())
        return [] if is_whole else [f"reports of the month: {self}"]

    def __str__(self) -> str:
        counted = ", ".join(f"{count} of {name}" for name, count in sorted(self.made.items()))
        return (
            f"reports of the month, made by themselves: {counted}; {self.sent} sent by e-mail, "
            f"{self.unsent} left to operators for want of an address: {self.folder}"
        )


async def let_the_month_end(province: Province, stillness: Stillness) -> Month:
    """Move the clock, wait for the reports, and copy each out of the store of documents."""
    places, database = province.places, province.hub.database
    await stillness.move_clock(FIFTH_WORKING_DAY, places.clock)
    end = time.monotonic() + _LIMIT_S
    month = await _ended(places, database)
    while month.problems and time.monotonic() < end:
        await asyncio.sleep(0.5)
        month = await _ended(places, database)
    return month


async def _ended(places: Places, database: Connection) -> Month:
    month = Month(places.run / "reports")
    for row in await database.fetch(_ENDED):
        data, kind = json.loads(row["data"]), row["type"].split(".")[2]
        if kind == "sent":
            month.sent += 1
        elif kind == "unsent":
            month.unsent += 1
        else:
            month.made[data["report"]] = month.made.get(data["report"], 0) + 1
            stored = places.run / "documents" / "objects" / data["digest"][:2] / data["digest"]
            name = f"{data['report']}-{data['organisation']}-{data['period']}.pdf"
            (month.folder / name).write_bytes(stored.read_bytes())
    return month
