"""Records taken one by one, where processes have died: it costs neither time without end nor others."""

from __future__ import annotations

from pathlib import Path

from hub.embedded.stack import StackAddress
from hub.engine.intake.assigned import PROBE_AFTER
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic

RECORDS = 150
LIMIT_S = 15.0
"""A tenth of a second per record: an idle partition that is probed beside must not cost more of its waits."""


async def died_at(hub: Hub, topic: str, partition: int, *, is_idle: bool) -> None:
    """As after processes that died there; an idle one has left its place, but not yet the range around it."""
    await hub.database.execute(
        "update intake_offset set starts = $3, probe_until = $4 where topic = $1 and partition = $2",
        topic,
        partition,
        0 if is_idle else PROBE_AFTER,
        1000 if is_idle else None,
    )


async def test_a_partition_that_is_probed_goes_on_quickly_beside_idle_ones(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        idle = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, idle])
        engine = await hub.start_engine()
        for client in (counter, idle):
            await traffic.submit(client, partition=0)
            await traffic.submit(client, partition=1)
        await traffic.answered()
        assert await engine.stop() == 0
        await died_at(hub, counter.in_topic, 0, is_idle=False)
        for topic, partition in ((counter.in_topic, 1), (idle.in_topic, 0), (idle.in_topic, 1)):
            await died_at(hub, topic, partition, is_idle=True)
        for _ in range(RECORDS):
            await traffic.submit(counter, partition=0)
        engine.start()
        await engine.ready()
        await traffic.answered(LIMIT_S)
        assert await hub.database.fetchval(
            "select probe_until is not null from intake_offset where topic = $1 and partition = 0",
            counter.in_topic,
        )
        await traffic.check()
