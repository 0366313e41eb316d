"""The first quarter of fees between a one-stop and an agency is watched on the real stack, once (9.10)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from hub.embedded.stack import StackAddress
from hub.engine.first_settlements import COLLECTED
from hub.regulation.clock import VIETNAM
from hub.regulation.quarters import days_of
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.provinces import SECOND, Province, did
from tests.support.requests import AGENCY, OFFICER, ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

WITH_FEE = "2.000635"
FACTS = """
select convert_from(bytes, 'UTF8')::jsonb -> 'data' as data from fact where type = $1 order by id
"""


async def facts(hub: Hub, name: str) -> list[dict[str, Any]]:
    rows = await hub.database.fetch(FACTS, f"onestop.{name}.v1")
    return [json.loads(row["data"]) for row in rows]


async def pays(province: Province, cashier: Client, agency: str, status: str = "paid") -> None:
    """A dossier of this agency whose fee is paid, or not."""
    changes = {"procedure": WITH_FEE, "agency": agency, "components": []}
    lodged = await did(province.counter, SUBMIT, f"ref:{uuid4()}", submission(**changes))
    fee = {"kind": "fee", "amount": 8000, "quantity": 2}
    paid = {"status": status, "amount": 16000, "place": "counter", "at": province.now.isoformat()}
    if status == "paid":
        await did(cashier, "payment.report", lodged["dossier"], paid | {"items": [fee]})
        return
    asked = {"officer": OFFICER, "items": [fee]}
    await did(province.counter, "payment.request", lodged["dossier"], asked)
    rows = await facts(province.hub, "payment.requested")
    await did(cashier, "payment.report", lodged["dossier"], paid | {"payment": rows[-1]["payment"]})


async def settled(province: Province, agency: str, quarter: str) -> None:
    sums = [{"kind": "fee", "receipts": 1, "collected": 16000, "handed_over": 16000}]
    data = {"organisation": ONE_STOP, "agency": agency, "quarter": quarter, "sums": sums, "officer": OFFICER}
    await did(province.counter, "fees.settle", f"ref:{uuid4()}", data)


async def test_what_was_paid_on_a_day_is_found_without_the_other_facts(hub_database: str) -> None:
    now = datetime.now(VIETNAM)
    database = await asyncpg.connect(hub_database)
    try:
        plan = await database.fetchval(f"explain (format json) {COLLECTED}", now - timedelta(days=1), now)
    finally:
        await database.close()
    assert "fact_paid" in plan
    assert "fact_time" not in plan


async def test_a_pair_that_collected_the_first_time_is_watched_when_the_quarter_is_over_and_once(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        province = Province(hub)
        await province.open()
        cashier = await hub.join("cashier-a", ["payments"])
        quarter, before = province.quarter, province.quarter_before
        await pays(province, cashier, AGENCY)
        await pays(province, cashier, AGENCY)
        await pays(province, cashier, SECOND)
        await settled(province, SECOND, before)
        await pays(province, cashier, "000.12.38.H07", "refused")

        over = datetime.combine(days_of(quarter)[1], datetime.min.time(), VIETNAM) + timedelta(hours=8)
        await province.move(over - province.now)

        async def is_watched() -> bool:
            return bool(await facts(hub, "fees.watched"))

        await eventually(is_watched, 60, "the first quarter of the pair is watched")
        (found,) = await facts(hub, "fees.watched")
        named = (found["organisation"], found["agency"], found["quarter"])
        assert named == (ONE_STOP, AGENCY, quarter)
        told = await province.lead.fact("fees.watched")
        limit = datetime.fromisoformat(told.data["settle_by"])
        assert limit.astimezone(UTC) > over

        await next(one for one in hub.processes if one.name == "engine-1").kill()
        await hub.start_engine("engine-2")
        await province.move(limit + timedelta(minutes=5) - province.now)

        async def is_missed() -> bool:
            return any(one["timer"] == f"settlement:{quarter}" for one in await facts(hub, "deadline.missed"))

        await eventually(is_missed, 60, "a limit that nobody kept is told")
        await settled(province, AGENCY, quarter)
        assert (await facts(hub, "fees.settled"))[-1]["quarter"] == quarter
        assert len(await facts(hub, "fees.watched")) == 1, "after a kill and another day too"
