"""A rule that raises: its dossier waits, the others go on, and a redrive brings everything in order."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from hub.embedded.stack import StackAddress
from hub.engine.redriving import order_redrive
from hub.facts.message import decode_message
from tests.support.broken_engine import BROKEN_ACCOUNT
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, VERIFY, verification
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

BROKEN = verification() | {"officer_account": BROKEN_ACCOUNT}


def broken_engine(hub: Hub) -> HubProcess:
    """`engine-1` with the bug."""
    engine = hub.engine()
    engine._command = [sys.executable, "-m", "tests.support.broken_engine"]
    return engine


async def parked(hub: Hub) -> list[tuple[str, str]]:
    rows = await hub.database.fetch("select request_id, reason from parked_request order by position")
    return [(row["request_id"], row["reason"]) for row in rows]


async def test_a_dossier_behind_a_bug_waits_alone_and_is_redriven_in_order(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = broken_engine(hub)
        engine.start()
        await engine.ready()
        sick, *healthy = await traffic.dossiers(counter, 4)
        waiting = [await traffic.send(counter, VERIFY, sick, BROKEN)]
        waiting += [await traffic.send(counter, VERIFY, sick, verification()) for _ in range(5)]
        repeated = waiting[3]
        await traffic.verify(counter, healthy, 3)
        await eventually(lambda: len(traffic.unanswered()) == 6, 20, "the healthy ones", engine.output)
        await traffic.send(counter, VERIFY, sick, verification(), event_id=repeated)
        await traffic.verify(counter, healthy)
        await eventually(lambda: len(traffic.unanswered()) == 6, 20, "the healthy ones", engine.output)
        reasons = ["bug.ZeroDivisionError", *["queued"] * 5]
        assert await parked(hub) == list(zip(waiting, reasons, strict=True))

        assert await order_redrive(hub.database, sick, "operator", "try")
        await eventually(lambda: is_done(hub), 10, "the redrive", engine.output)
        assert len(await parked(hub)) == 6

        assert await engine.stop() == 0
        await hub.start_engine("engine-1")
        assert await order_redrive(hub.database, sick, "operator", "fixed")
        await eventually(lambda: is_done(hub), 20, "the redrive")
        await traffic.check()
        assert await parked(hub) == []
        facts = [body for body in await traffic.facts() if body["dossier"] == sick]
        assert [body["request"] for body in facts[1:]] == waiting
        assert await hub.database.fetchval("select max(parked) from dossier") == 0
        assert not await order_redrive(hub.database, sick, "operator", "nothing is parked")


async def is_done(hub: Hub) -> bool:
    return bool(await hub.database.fetchval("select count(*) = 0 from redrive where done_at is null"))


async def test_a_bug_that_many_participants_hit_stops_the_engine_and_a_restart_does_not_help(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counters = [await hub.join(f"counter-{name}", ["counter"], [ONE_STOP]) for name in "abc"]
        traffic = Traffic(hub, counters)
        engine = broken_engine(hub)
        engine.start(HUB_ENGINE__PARKED_LIMIT="3")
        dossiers = await traffic.dossiers(counters[0], 8)
        for number, dossier in enumerate(dossiers[:6]):
            await traffic.send(counters[number % 3], VERIFY, dossier, BROKEN)
            await eventually(lambda: has_parked(hub, number + 1), 20, "parking", engine.output)  # noqa: B023
        assert await engine.ended() == 1
        (line,) = [line for line in engine.output().splitlines() if line.startswith("hub: ")]
        assert line == "hub: rules failed for 6 dossiers; the engine stops (HUB_ENGINE__PARKED_LIMIT)"

        engine.start(HUB_ENGINE__PARKED_LIMIT="3")
        await traffic.verify(counters[1], dossiers[6:])
        await eventually(
            lambda: len(traffic.unanswered()) == 6, 20, "what needs no broken rule", engine.output
        )
        await traffic.send(counters[2], VERIFY, dossiers[6], BROKEN)
        assert await engine.ended() == 1

        await hub.start_engine("engine-1")
        for dossier in dossiers[:7]:
            assert await order_redrive(hub.database, dossier, "operator", "fixed")
        await traffic.check()


async def test_a_participant_whose_requests_hit_too_many_bugs_is_left_alone_until_they_are_redriven(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counters = [await hub.join(f"counter-{name}", ["counter"], [ONE_STOP]) for name in "ab"]
        traffic = Traffic(hub, counters)
        engine = broken_engine(hub)
        engine.start(HUB_ENGINE__PARKED_LIMIT="3")
        dossiers = await traffic.dossiers(counters[0], 6)
        for dossier in dossiers[:4]:
            await traffic.send(counters[0], VERIFY, dossier, BROKEN)
        await eventually(lambda: "participant_held" in engine.output(), 20, "the brake", engine.output)
        held = await traffic.send(counters[0], VERIFY, dossiers[4], verification())
        await traffic.verify(counters[1], dossiers[4:])
        await eventually(lambda: len(traffic.unanswered()) == 5, 20, "the others", engine.output)
        assert ("counter-a", held) in traffic.unanswered()

        assert await engine.stop() == 0
        await hub.start_engine("engine-1")
        for dossier in dossiers[:4]:
            assert await order_redrive(hub.database, dossier, "operator", "fixed")
        await traffic.check()


async def has_parked(hub: Hub, number: int) -> bool:
    return bool(await hub.database.fetchval("select count(*) >= $1 from parked_request", number))


async def test_what_waited_for_longer_than_it_may_be_kept_is_refused_and_the_rest_goes_on(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = broken_engine(hub)
        engine.start(HUB_RETENTION__EVERY_S="0.2", HUB_RETENTION__PARKED_DAYS="2")
        await engine.ready()
        (sick,) = await traffic.dossiers(counter, 1)
        waiting = [await traffic.send(counter, VERIFY, sick, BROKEN)]
        waiting += [await traffic.send(counter, VERIFY, sick, verification()) for _ in range(2)]
        await eventually(lambda: has_parked(hub, 3), 20, "parking", engine.output)
        await hub.database.execute(
            "update parked_request set parked_at = now() - case when request_id = any($1::text[])"
            " then interval '49 hours' else interval '47 hours' end",
            waiting[:2],
        )
        await eventually(lambda: len(traffic.unanswered()) == 1, 20, "the refusals", engine.output)
        codes = [traffic.receipts(counter, event_id)[0].data["code"] for event_id in waiting[:2]]
        assert codes == ["parked.expired"] * 2
        assert await parked(hub) == [(waiting[2], "queued")]
        assert await hub.database.fetchval("select parked from dossier where id = $1", sick) == 1
        assert await order_redrive(hub.database, sick, "operator", "what hit the bug is gone")
        await traffic.check()
        assert await parked(hub) == []


async def test_a_parked_request_of_a_participant_that_was_removed_is_refused_by_the_redrive(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = broken_engine(hub)
        engine.start()
        await engine.ready()
        (sick,) = await traffic.dossiers(counter, 1)
        await traffic.send(counter, VERIFY, sick, BROKEN)
        await eventually(lambda: has_parked(hub, 1), 20, "parking", engine.output)
        await hub.database.execute("delete from participant where name = 'counter-a'")
        await hub.database.execute(
            "update configuration_version set version = version + 1 where kind = 'participants'"
        )
        assert await order_redrive(hub.database, sick, "operator", "its sender has left")
        await eventually(lambda: is_done(hub), 20, "the redrive", engine.output)
        assert await hub.database.fetchval("select outcome from redrive") == "done"
        (receipt,) = [receipt for receipt in await all_receipts(hub) if "code" in receipt]
        assert receipt["code"] == "security.not_granted"
        assert await parked(hub) == []
        assert await hub.database.fetchval("select parked from dossier where id = $1", sick) == 0


async def all_receipts(hub: Hub) -> list[dict[str, Any]]:
    rows = await hub.database.fetch("select receipt from inbox where receipt is not null")
    return [orjson.loads(decode_message(row["receipt"]).value) for row in rows]
