"""What runs out is refused by name: dossier codes of a day, years of the calendar. The engine lives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hub.embedded.stack import StackAddress
from hub.regulation.clock import local_day
from tests.support.clients import Client
from tests.support.hubs import own_hub
from tests.support.processes import HubProcess
from tests.support.queues import DRAW, DRAWN_TO
from tests.support.requests import (
    ACCEPT,
    CHECK,
    ONE_STOP,
    SUBMIT,
    acceptance,
    hand_check,
    submission,
)
from tests.support.waiting import eventually

FOREIGNER = {"kind": "citizen", "name": "JANE SAMPLE", "travel_document": "X0000001"}


async def accepted(counter: Client, reference: str) -> str:
    """Lodge and accept a dossier; the code, or the code of the refusal."""
    await counter.ask(SUBMIT, reference, submission(applicant=FOREIGNER))
    await counter.ask(CHECK, reference, hand_check(FOREIGNER))
    receipt = await counter.ask(ACCEPT, reference, acceptance())
    code: str = receipt.data["code"]
    return code


async def has_no_metric(engine: HubProcess, line: str) -> bool:
    return not await has_metric(engine, line)


async def has_metric(engine: HubProcess, line: str) -> bool:
    return any(found.startswith(line) for found in (await engine.metrics()).splitlines())


async def test_a_polite_restart_skips_no_code_and_the_last_code_is_followed_by_a_refusal(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        assert (await accepted(counter, "ref:1"))[-4:] == "0001"
        assert await engine.stop() == 0
        engine = await hub.start_engine()
        assert (await accepted(counter, "ref:2"))[-4:] == "0002"
        assert await engine.stop() == 0

        await hub.database.execute("update code_block set next = 9999")
        engine = await hub.start_engine()
        assert (await accepted(counter, "ref:3"))[-4:] == "9999"
        assert await accepted(counter, "ref:4") == "codes.used_up"
        assert await accepted(counter, "ref:5") == "codes.used_up"
        left = f'hub_dossier_codes_left{{unit="{ONE_STOP}"}} 0.0'
        await eventually(lambda: has_metric(engine, left), 20, "the gauge", engine.output)
        assert await hub.database.fetchval("select count(*) from parked_request") == 0
        day = await hub.database.fetchval("select day from code_block")
        assert day == local_day(datetime.now(UTC))


async def test_the_numbers_that_a_queue_has_left_are_told_until_the_day_ends(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        await counter.ask(DRAW, "ref:1", {"organisation": ONE_STOP})
        await counter.ask(DRAW, "ref:2", {"organisation": ONE_STOP})
        name = f'hub_queue_numbers_left{{unit="{ONE_STOP}"}}'
        await eventually(lambda: has_metric(engine, f"{name} 99997.0"), 20, "the gauge", engine.output)
        await hub.database.execute(DRAWN_TO, "99990")
        await eventually(lambda: has_metric(engine, f"{name} 9.0"), 20, "few are left", engine.output)
        await hub.database.execute("update fact set bytes = '[' where sequence = 2")
        await eventually(lambda: has_no_metric(engine, name), 20, "what is no number", engine.output)
        await hub.database.execute("delete from fact where sequence = 2")
        await eventually(lambda: has_metric(engine, f"{name} 99998.0"), 20, "the one before", engine.output)
        await hub.database.execute("insert into clock_step values (now(), interval '1 day')")
        await eventually(lambda: has_no_metric(engine, name), 20, "another day", engine.output)


async def test_submissions_beyond_the_calendar_are_refused_and_another_counter_is_served(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        other = await hub.join("counter-b", ["counter"], [ONE_STOP])
        await hub.database.execute(
            "insert into clock_step values (now() - interval '1 day', interval '1700 days')"
        )
        engine = await hub.start_engine(HUB_ENGINE__PARKED_LIMIT="3")
        sent = [
            await counter.send(SUBMIT, f"ref:{number}", submission(channel="online")) for number in range(21)
        ]
        answers = [(await counter.receipt(event_id)).data["code"] for event_id in sent]
        assert answers == ["calendar.year"] * 21
        assert (await other.ask(SUBMIT, "ref:other", submission())).data["facts"]
        await eventually(
            lambda: has_metric(engine, "hub_calendar_days_left -"), 20, "the gauge", engine.output
        )
        assert await engine.stop() == 0
