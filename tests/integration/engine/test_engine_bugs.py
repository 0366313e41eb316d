"""Bugs around the rules cost one record and never the engine, until there are too many."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.support.broken_engine import BROKEN_BEFORE_RULES, BROKEN_BEHIND_RULES
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, VERIFY, verification
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

BEHIND = verification() | {"officer_account": BROKEN_BEHIND_RULES}
BEFORE = verification() | {"officer_account": BROKEN_BEFORE_RULES}


def broken_engine(hub: Hub, parked_limit: int = 20) -> HubProcess:
    """`engine-1` with the bugs."""
    engine = hub.engine(HUB_ENGINE__PARKED_LIMIT=str(parked_limit))
    engine._command = [sys.executable, "-m", "tests.support.broken_engine"]
    engine.start()
    return engine


async def test_a_bug_behind_the_rules_parks_one_dossier_and_the_others_go_on(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = broken_engine(hub)
        sick, *healthy = await traffic.dossiers(counter, 4)
        waiting = await traffic.send(counter, VERIFY, sick, BEHIND)
        await traffic.verify(counter, healthy, 3)
        await eventually(
            lambda: traffic.unanswered() == [("counter-a", waiting)], 20, "the healthy ones", engine.output
        )
        rows = await hub.database.fetch("select request_id, reason from parked_request")
        assert [tuple(row) for row in rows] == [(waiting, "bug.ZeroDivisionError")]
        assert await engine.stop() == 0
        mended = hub.engine("engine-2")
        mended.start()
        await hub.database.execute(
            "insert into redrive (dossier_id, operator, reason) values ($1, 'operator', 'mended')", sick
        )
        await traffic.check()


async def test_a_bug_before_the_rules_makes_a_dead_letter_and_too_many_of_several_stop_the_engine(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        other = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter, other])
        engine = broken_engine(hub, parked_limit=3)
        (dossier,) = await traffic.dossiers(counter, 1)
        for _ in range(3):
            receipt = await counter.ask(VERIFY, dossier, BEFORE)
            assert receipt.data["code"] == "poison.crash"
        await traffic.verify(counter, [dossier])
        await traffic.answered()
        receipt = await counter.ask(VERIFY, dossier, BEFORE)
        assert receipt.data["code"] == "poison.crash"
        await counter.send(VERIFY, dossier, verification())
        for _ in range(3):
            receipt = await other.ask(VERIFY, dossier, BEFORE)
            assert receipt.data["code"] == "poison.crash"
        assert "participant_held" in engine.output(), "the first one is left alone, the second is answered"
        await other.send(VERIFY, dossier, BEFORE)
        assert await engine.ended() == 1
        said = [line for line in engine.output().splitlines() if not line.startswith("{")]
        assert said == ["hub: 8 records could not be processed; the engine stops (HUB_ENGINE__PARKED_LIMIT)"]
