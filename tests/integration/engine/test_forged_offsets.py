"""Batches whose records have other places than the broker counts: they stop their own partition only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.integration.engine.test_clockwork_firing import all_missed, lodge, move_clock
from tests.integration.engine.test_engine_topics import stopped
from tests.support.clients import Client
from tests.support.forged_batches import send_forged
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually


async def garbage(client: Client, count: int) -> None:
    for _ in range(count):
        await client.publish({}, b"x", b"no envelope", 0)


async def letters(hub: Hub) -> int:
    count: int = await hub.database.fetchval("select count(*) from dead_letter")
    return count


async def test_forged_places_of_records_stop_their_partition_and_neither_engines_nor_timers_of_others(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as hub:
        names = ("counter-a", "counter-b", "counter-c")
        honest, jumping, doubled = [await hub.join(name, ["counter"], [ONE_STOP]) for name in names]
        traffic = Traffic(hub, [honest])
        assert await send_forged(jumping, [0, 7]) == 0
        await garbage(jumping, 3)  # places 2 to 4, so that five records seem to lie at 0 to 4
        engine = hub.engine()
        engine.start(HUB_ENGINE__TIMERS_WAIT_S="1")
        await engine.ready()
        dossiers = await lodge(traffic, honest, 2)
        await garbage(jumping, 5)  # the place 7 comes again
        await traffic.submit(honest)
        await traffic.answered()

        async def is_stopped(client: Client) -> bool:
            return (await stopped(hub, client.in_topic)).startswith("corrupt: offsets 1 to 6 ")

        await eventually(lambda: is_stopped(jumping), 30, "the partition to stop", engine.output)
        assert await letters(hub) == 1

        before = await letters(hub)
        assert await send_forged(doubled, [0, 0]) == 0  # nothing lies at 1, the end of the log is 2

        async def is_taken() -> bool:
            return await letters(hub) > before

        await eventually(is_taken, 20, "the first record", engine.output)
        await move_clock(hub, timedelta(days=14))
        await all_missed(traffic, dossiers)
        assert await stopped(hub, doubled.in_topic) == "corrupt: offsets 1 to 1 cannot be read"
        await traffic.check()
        assert engine.exit_status is None
