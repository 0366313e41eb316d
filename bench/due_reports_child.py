"""Counts reports that are due as the typesetter does: `python -m bench.due_reports_child HOW COUNT`."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from hub.errors import HubError
from hub.facts.sealing import MasterKey
from hub.postgres.database import connect
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.reports.asked import Sources
from hub.reports.scheduled import make_together
from hub.settings import Settings
from tests.support.many_one_stops import due_reports

_NOW = datetime(2026, 11, 5, 9, tzinfo=VIETNAM)


async def _count(how: str, count: int) -> None:
    tree = Settings()
    connection = await connect(tree.postgres, "bench-reports", timeout_s=600)
    master = MasterKey.from_file(tree.master_key_file)
    sources = Sources(connection, master.store, load_book(), _NOW)
    wanted = due_reports(count)
    if how == "together":
        made = await make_together(sources, master, wanted)
    else:
        made = [one for due in wanted for one in await make_together(sources, master, [due])]
    if wrong := [one for one in made if isinstance(one, HubError)]:
        raise wrong[0]
    if len(made) != count or not any(one.rows for one in made if not isinstance(one, HubError)):
        raise AssertionError(f"{len(made)} reports of {count}")


if __name__ == "__main__":
    asyncio.run(_count(sys.argv[1], int(sys.argv[2])))
