"""What an engine shows of its outbox and of the way from receipt to answer."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.processes import HubProcess
from tests.support.requests import (
    ACCEPT,
    CHECK,
    ONE_STOP,
    SUBMIT,
    WITHDRAW,
    acceptance,
    hand_check,
    submission,
)
from tests.support.traffic import Traffic, metric
from tests.support.waiting import eventually

NOBODYS_SHARD = 99


async def test_the_age_of_what_nobody_publishes_grows_until_it_is_gone(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()

        async def is_old() -> bool:
            return await metric(engine, "hub_outbox_oldest_age_seconds", adapter="engine") > 5

        async def is_gone() -> bool:
            return await metric(engine, "hub_outbox_oldest_age_seconds", adapter="engine") == 0

        await hub.database.execute("insert into segment (shard, payload) values ($1, '')", NOBODYS_SHARD)
        await eventually(is_old, 25, "the age to grow", engine.output)
        await hub.database.execute("delete from segment where shard = $1", NOBODYS_SHARD)
        await eventually(is_gone, 15, "the age to fall", engine.output)


async def test_the_time_from_receipt_to_the_published_answer_is_counted(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        await traffic.submit(counter)
        await traffic.answered()  # written maybe before its shard's lock was held: then the table tells it
        for _ in range(5):
            await traffic.submit(counter)
            await traffic.answered()
        await eventually(lambda: has_counted(engine, 5), 5, "the published segments", engine.output)
        spent_s = await metric(engine, "hub_end_to_end_latency_seconds_sum")
        assert 0 < spent_s < 6 * 20


async def has_counted(engine: HubProcess, least: int) -> bool:
    return await metric(engine, "hub_end_to_end_latency_seconds_count", adapter="engine") >= least


async def test_a_dossier_stays_overdue_after_its_timer_has_fired_until_it_ends(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        subject = f"ref:{uuid4()}"
        enterprise = {"kind": "enterprise", "name": "Công ty TNHH Giả Định", "tax_code": "0100233488"}
        await counter.ask(SUBMIT, subject, submission(applicant=enterprise))
        await counter.ask(CHECK, subject, hand_check(enterprise))
        accepted = await counter.ask(ACCEPT, subject, acceptance())
        assert accepted.type == "onestop.receipt.accepted.v1", accepted.data
        assert await metric(engine, "hub_deadlines_overdue") == 0
        await hub.database.execute("insert into clock_step values (now(), interval '30 days')")
        await hub.database.execute(
            "update configuration_version set version = version + 1 where kind = 'clock'"
        )

        async def has_fired() -> bool:
            return not await hub.database.fetchval("select count(*) from timer where kind = 'due'")

        async def are_overdue(number: int) -> bool:
            return await metric(engine, "hub_deadlines_overdue") == number

        await eventually(has_fired, 20, "the timer to fire", engine.output)
        await eventually(lambda: are_overdue(1), 15, "the dossier to be overdue", engine.output)
        await counter.ask(WITHDRAW, subject, {"reason": "Thử"})
        await eventually(lambda: are_overdue(0), 15, "the dossier to be overdue no more", engine.output)
