"""Leaders that move between three brokers under load: nobody notices, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from confluent_kafka import ElectionType, KafkaException

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.breakable import breakable_hub, breakable_stack
from tests.support.gateways import own_site
from tests.support.health_watch import HealthWatch
from tests.support.hubs import Hub
from tests.support.polite_stops import HEALS_S, Desk
from tests.support.requests import ONE_STOP
from tests.support.stack import kafka_admin
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

SETTLED_S = 8.0
"""A look may fall into the moment in which partitions have no leader."""


def leaders(hub: Hub) -> dict[tuple[str, int], tuple[int, int]]:
    """Of each partition of the hub: who leads it, and who should."""
    topics = kafka_admin(hub.address).list_topics(timeout=10).topics
    return {
        (name, number): (partition.leader, partition.replicas[0])
        for name, topic in topics.items()
        if name.startswith(hub.prefix)
        for number, partition in topic.partitions.items()
    }


def are_preferred(hub: Hub) -> bool:
    """Whether each partition is led by the broker that should; asks for it where not."""
    admin = kafka_admin(hub.address)
    try:
        admin.elect_leaders(ElectionType.PREFERRED).result(timeout=10)
        return all(leader == wanted for leader, wanted in leaders(hub).values())
    except (KafkaException, TimeoutError):
        return False


@pytest.mark.long
async def test_leaders_that_move_away_and_back_under_load_stop_nobody(tmp_path: Path) -> None:
    with breakable_stack(tmp_path, brokers=3) as (home, address):
        await moved(home, address, tmp_path)


async def moved(home: Path, address: StackAddress, folder: Path) -> None:
    async with breakable_hub(address, folder, environment="test") as hub, own_site(hub, folder) as site:
        engine = await hub.start_engine()
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        desk = Desk(await site.join("counter-b", ["counter"], [ONE_STOP]))
        dossiers = await traffic.dossiers(counter, 5)
        await eventually(lambda: asyncio.to_thread(are_preferred, hub), HEALS_S, "the wanted leaders")
        watch = HealthWatch([engine, site.gateway])
        working = asyncio.create_task(desk.work())
        async with watch.looking():
            publishing = asyncio.create_task(traffic.verify(counter, dossiers, 20))
            await asyncio.to_thread(embedded.stop_kafka, home, broker="kafka-2")
            away = time.monotonic()
            await publishing
            await goes_on(traffic, desk)
            led = (await asyncio.to_thread(leaders, hub)).values()
            assert 2 not in {leader for leader, _ in led}
            await asyncio.to_thread(embedded.start_kafka, home, broker="kafka-2")
            publishing = asyncio.create_task(traffic.verify(counter, dossiers, 20))
            await eventually(
                lambda: asyncio.to_thread(are_preferred, hub), 2 * HEALS_S, "the leaders to be back"
            )
            back = time.monotonic()
            await publishing
            await goes_on(traffic, desk)
        assert all(look.is_alive for look in watch.looks)
        settled = [*watch.between(away + SETTLED_S, back - 30), *watch.between(back + SETTLED_S, back + 60)]
        assert [look for look in settled if not look.is_ready] == []
        desk.is_closing = True
        await asyncio.wait_for(working, 60)
        await traffic.check(least_told=5)
        inbox = await hub.database.fetch("select id from inbox where participant = 'counter-b'")
        assert {row["id"] for row in inbox} >= set(desk.taken)
        assert len(engine.actions("engine_started")) == 1


async def goes_on(traffic: Traffic, desk: Desk) -> None:
    """Within the limit new posts are taken and everything is answered."""
    before = len(desk.taken)
    await eventually(lambda: len(desk.taken) > before + 3, HEALS_S, "posts to be taken", traffic.evidence)
    await traffic.answered(HEALS_S)
