"""After the week: months and a quarter end, and the hub makes and sends the reports of the text by itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from examples.demo.desk import Desk, Traffic
from examples.demo.fees import settlement
from examples.demo.province import Places, Province, desk_programs
from examples.demo.stillness import Stillness
from examples.demo.week import VIETNAM
from hub.postgres.database import Connection

FIFTH_WORKING_DAY = datetime(2026, 11, 6, 8, 0, tzinfo=VIETNAM)
"""Of the month after the week's: by then all its monthly reports are due."""
QUARTER_OVER = datetime(2027, 1, 20, 9, 0, tzinfo=VIETNAM)
"""The fees of the week's quarter are settled on that day."""
AFTER_TWENTIETH = datetime(2027, 2, 1, 8, 0, tzinfo=VIETNAM)
"""The twentieth working day after the quarter is over: the settlement is due, and nothing yet of January."""
OF_THE_MONTH = {"late": 4, "officers": 4, "overview": 1}
"""One of each one-stop, and one of the province."""
EXPECTED = {"late": 12, "officers": 12, "overview": 3, "agencies": 4, "channels": 4, "settlement": 4}
"""Of the three months of the quarter, and of the quarter itself."""
_LIMIT_S = 120.0
_ENDED = """
select type, convert_from(bytes, 'UTF8')::jsonb -> 'data' as data from fact
where type in ('onestop.report.made.v1', 'onestop.report.sent.v1', 'onestop.report.unsent.v1')
"""


class Periods:
    """What became of the reports of month and quarter; `problems` are those that are not there, in words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: Counter[str] = Counter()
        self.sent = 0
        self.unsent = 0
        self.problems: list[str] = []

    def is_whole(self, expected: Mapping[str, int]) -> bool:
        """Each is made, and sent or left to operators."""
        return self.made == expected and self.sent + self.unsent == sum(expected.values())

    def __str__(self) -> str:
        counted = ", ".join(f"{count} of {name}" for name, count in sorted(self.made.items()))
        return (
            f"reports of the months and of the quarter, made by themselves: {counted}; {self.sent} sent by "
            f"e-mail, {self.unsent} left to operators for want of an address: {self.folder}"
        )


async def let_the_quarter_end(province: Province, stillness: Stillness) -> Periods:
    """Move the clock twice, wait for the reports each time, and copy each out of the store of documents."""
    clock = province.places.clock
    await stillness.move_clock(FIFTH_WORKING_DAY, clock)
    month = await _made(province, OF_THE_MONTH)
    await stillness.move_clock(QUARTER_OVER, clock)
    refusals = await _settle(province)
    await stillness.move_clock(AFTER_TWENTIETH, clock)
    whole = await _made(province, EXPECTED)
    whole.problems = [*month.problems, *refusals, *whole.problems]
    return whole


async def _made(province: Province, expected: Mapping[str, int]) -> Periods:
    end = time.monotonic() + _LIMIT_S
    found = await _ended(province.places, province.hub.database)
    while not found.is_whole(expected) and time.monotonic() < end:
        await asyncio.sleep(0.5)
        found = await _ended(province.places, province.hub.database)
    if not found.is_whole(expected):
        found.problems.append(str(found))
    return found


async def _ended(places: Places, database: Connection) -> Periods:
    found = Periods(places.run / "reports")
    for row in await database.fetch(_ENDED):
        data, kind = json.loads(row["data"]), row["type"].split(".")[2]
        if kind == "sent":
            found.sent += 1
        elif kind == "unsent":
            found.unsent += 1
        else:
            found.made[data["report"]] += 1
            stored = places.run / "documents" / "objects" / data["digest"][:2] / data["digest"]
            name = f"{data['report']}-{data['organisation']}-{data['period']}.pdf"
            (found.folder / name).write_bytes(stored.read_bytes())
    return found


async def _settle(province: Province) -> list[str]:
    """9.10: the one-stop of counter-1 settles the quarter; what was refused, in words."""
    (program,) = [one for one in desk_programs(province) if one.name == "counter-1"]
    desk = Desk(program.name, await program.start(has_desk=True), uuid4, Traffic())
    try:
        answer = await desk.ask("fees.settle", "ref:quyet-toan-2026-Q4", settlement("2026-Q4"))
    finally:
        await desk.close()
    return [] if "facts" in answer else [f"the settlement of the quarter was refused: {answer}"]
