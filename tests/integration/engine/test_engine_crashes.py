"""Engines that die: at each named point, by a message, in the middle of a commit."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.support.cutting_proxy import CuttingProxy
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.traffic import Traffic, end_session
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

POINTS = ("before_commit", "after_commit", "before_publish", "after_publish", "after_mark")


async def test_a_kill_at_any_named_point_loses_nothing_and_repeats_no_effect(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 8)
        assert await engine.stop() == 0
        for point in POINTS:
            for number in (1, 4):
                engine.start(HUB_CRASH_AT=f"{point}:{number}", HUB_ENGINE__MAX_BATCH_RECORDS="7")
                while engine.exit_status is None:
                    await traffic.verify(counter, dossiers)
                    await traffic.submit(counter)
                    await asyncio.sleep(0.05)
                assert engine.exit_status == -signal.SIGKILL, (point, number, engine.output())
        engine.start(HUB_CRASH_AT="before_publish")
        await traffic.verify(counter, dossiers)
        await engine.ended()
        engine.start()
        await traffic.check(least_told=100)
        assert await hub.database.fetchval("select count(*) from dead_letter") == 0


async def test_a_message_that_kills_the_process_becomes_a_dead_letter_and_its_neighbours_do_not(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        neighbour = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, neighbour])
        for _ in range(5):
            await traffic.submit(counter)
        deadly = str(uuid4())
        await counter.send(SUBMIT, f"ref:{deadly}", submission(), event_id=deadly)
        for _ in range(5):
            await traffic.submit(counter)
        for _ in range(20):
            await traffic.submit(neighbour)
        engine = hub.engine()
        lives = 0
        while True:
            engine.start(HUB_CRASH_AT=f"record:{deadly}")
            lives += 1
            await eventually(
                lambda: engine.exit_status is not None or not traffic.unanswered(),
                30,
                "an end",
                engine.output,
            )
            if engine.exit_status is None:
                break
            assert lives < 8, "too many died"
        assert lives == 6  # three counted starts, two with the record marked, one that buries it
        await traffic.check()
        refused = await counter.receipt(deadly)
        assert refused.data["code"] == "poison.crash"
        letters = await hub.database.fetch("select reason, at_offset from dead_letter")
        assert [(row["reason"], row["at_offset"]) for row in letters] == [("poison.crash", 5)]


@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_connection_that_breaks_during_a_commit_leaves_neither_a_loss_nor_a_repeat(
    stack: StackAddress, tmp_path: Path, *, is_stored: bool
) -> None:
    async with own_hub(stack, tmp_path) as hub, CuttingProxy(hub.dsn, b"write_batch(") as proxy:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = hub.engine()
        engine.start(HUB_POSTGRES__DSN=proxy.dsn)
        await engine.ready()
        dossiers = await traffic.dossiers(counter, 5)
        for number in range(1, 6):
            proxy.cut_next(after_the_server=is_stored)
            while proxy.cuts < number:
                await traffic.verify(counter, dossiers)
            await traffic.answered()
        await traffic.check()
        assert len([line for line in engine.actions("went_back") if line["database_lost"]]) >= 5
        assert engine.exit_status is None


async def test_sessions_that_the_server_ends_are_opened_again_without_a_loss(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        dossiers = await traffic.dossiers(counter, 5)
        for role in ("write", "read", "shards", "relay", "retry", "clock", "load", "probe", "write"):
            await eventually(lambda: end_session(hub, f"engine-1-{role}"), 10, f"a session {role}")  # noqa: B023
            await traffic.verify(counter, dossiers, 3)
        await traffic.check()
        assert engine.exit_status is None, engine.output()
