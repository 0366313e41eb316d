"""What was written into the database about one parked dossier stops no engine and no redrive of others."""

from __future__ import annotations

from pathlib import Path

from hub.embedded.stack import StackAddress
from hub.engine.redriving import order_redrive
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, VERIFY, verification
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

_WAITING = "update dossier set parked = $2 where id = $1"
_FACT = """
insert into fact select dossier_id, sequence + 1, gen_random_uuid(), type, time, bytes, hash, mac
from fact where dossier_id = $1
"""
_OUTCOMES = "select dossier_id::text, coalesce(outcome, '') from redrive order by id"


async def test_a_miscounted_dossier_and_a_row_in_the_way_of_a_redrive_stop_no_engine_and_no_other_redrive(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        blocked, over = dossiers = await traffic.dossiers(counter, 2)
        for dossier, parked in zip(dossiers, (5, 2**31 - 1), strict=True):
            await hub.database.execute(_WAITING, dossier, parked)
            await traffic.send(counter, VERIFY, dossier, verification())
        await traffic.submit(counter)
        await eventually(
            lambda: engine.exit_status is not None or len(traffic.unanswered()) == 2,
            60, "what waits for nothing", traffic.evidence,
        )  # fmt: skip
        assert engine.exit_status is None, engine.output()
        await hub.database.execute(_FACT, blocked)
        for dossier in dossiers:
            assert await order_redrive(hub.database, dossier, "operator", "try")
        await eventually(lambda: len(traffic.unanswered()) == 1, 60, "the other", traffic.evidence)
        stands = f"failed again: fact {blocked}, 2: it stands where the hub has to add one"

        async def are_told() -> bool:
            told = await hub.database.fetch(_OUTCOMES)
            return [row[0] for row in told] == dossiers and all(
                row[1].startswith(stands if row[0] == blocked else "done") for row in told
            )

        await eventually(are_told, 30, "the outcomes", engine.output)
        await hub.database.execute("delete from fact where dossier_id = $1 and sequence = 2", blocked)
        assert await order_redrive(hub.database, blocked, "operator", "it is gone")
        await traffic.verify(counter, [over])
        await traffic.check()
        assert await hub.database.fetchval("select count(*) from dossier where parked <> 0") == 0
        assert engine.exit_status is None
