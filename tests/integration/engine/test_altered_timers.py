"""Timers that were altered in the database: named, and set to what the dossier itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.embedded.stack import StackAddress
from tests.integration.engine.test_clockwork_firing import lodge
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

MOVED = "update timer set due_at = now() - interval '1 hour', fires = 1 where dossier_id = $1"
HIDDEN = """
update timer set due_at = now() - interval '1 hour', fired_at = 'infinity', fires = 1 where dossier_id = $1
"""
ADDED = """
insert into timer (dossier_id, name, kind, due_at, shard, fires)
select dossier_id, 'added', kind, now() - interval '1 hour', shard, 1 from timer
where dossier_id = $1 and kind = 'intake'
"""


async def timers(hub: Hub) -> list[tuple[Any, ...]]:
    rows = await hub.database.fetch("select dossier_id, name, kind, due_at from timer order by 1, 2")
    return [tuple(row) for row in rows]


async def test_a_timer_that_was_altered_is_named_and_set_right_and_makes_no_event(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        dossiers = await lodge(Traffic(hub, [counter]), counter, 3)
        right = await timers(hub)
        for statement, dossier in zip((MOVED, HIDDEN, ADDED), dossiers, strict=True):
            await hub.database.execute(statement, dossier)

        async def are_right() -> bool:
            return await timers(hub) == right

        await eventually(are_right, 30, "the timers to be those of before", engine.output)
        named = {str(line["row"]).rpartition(" ")[0] for line in engine.actions("row_untrusted")}
        assert named == {f"timer {dossier}" for dossier in dossiers}
        assert await hub.database.fetchval("select count(*) from inbox where participant = 'hub'") == 0
