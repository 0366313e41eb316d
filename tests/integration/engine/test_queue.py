"""A day at a one-stop on two engines: each number is drawn once and called once, whoever asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from hub.embedded.stack import StackAddress
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import own_hub
from tests.support.queues import CIVIL, LAND, desks_are_imported
from tests.support.requests import OFFICER, ONE_STOP
from tests.support.waiting import eventually

DRAW, CALL = "onestop.ticket.issue.v1", "onestop.ticket.call.v1"
EACH = 12


async def drawn(client: Client, number: int, **more: str) -> str:
    data = {"organisation": ONE_STOP, "field": CIVIL if number % 3 else LAND, **more}
    receipt = await client.ask(DRAW, f"ref:{client.name}-{number}", data)
    assert receipt.type == RECEIPT_ACCEPTED, receipt.data
    return str(receipt.data["dossier"])


async def called(client: Client, desk: str) -> str:
    """What the hub answers a free desk: `accepted`, or why nobody comes."""
    data = {"organisation": ONE_STOP, "desk": desk, "officer": OFFICER}
    receipt = await client.ask(CALL, f"ref:{desk}", data)
    return "accepted" if receipt.type == RECEIPT_ACCEPTED else str(receipt.data["code"])


async def until_nobody_waits(client: Client, desk: str) -> None:
    while (answer := await called(client, desk)) == "accepted":
        pass
    assert answer == "rule.5.1.a.nobody"


async def test_numbers_are_drawn_and_called_once_by_two_engines(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        machines = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        page = await hub.join("page", ["public"])
        stranger = await hub.join("counter-c", ["counter"], ["000.99.99.H07"])
        await asyncio.gather(*(hub.start_engine(name) for name in ("engine-1", "engine-2")))
        await desks_are_imported(hub, tmp_path)

        async def refuses() -> bool:
            receipt = await page.ask(DRAW, "ref:x", {"organisation": ONE_STOP, "field": "Xây dựng"})
            return bool(receipt.data.get("code") == "rule.5.1.a")

        await eventually(refuses, 30, "engines that go by the desks")
        before = len(machines[0].facts("ticket.issued"))

        senders = [client for client in (*machines, page) for _ in range(EACH)]
        queues = await asyncio.gather(*(drawn(one, number) for number, one in enumerate(senders)))
        queue = queues[0]
        assert set(queues) == {queue}
        first = await drawn(machines[0], 1000, priority="elderly")
        assert first == queue
        in_all = before + len(senders) + 1
        everywhere = (*machines, page)
        await eventually(
            lambda: all(len(one.facts("ticket.issued", queue)) == in_all for one in everywhere), 30, "numbers"
        )
        for client in everywhere:
            numbers = sorted(fact.data["number"] for fact in client.facts("ticket.issued", queue))
            assert numbers == list(range(1, in_all + 1))

        assert await called(machines[0], "U1") == "accepted"
        assert await called(stranger, "01") == "security.foreign_organisation"
        await asyncio.gather(
            *(until_nobody_waits(one, desk) for one, desk in zip(machines, ("01", "02"), strict=True)),
            until_nobody_waits(machines[1], "U1"),
        )
        await until_nobody_waits(machines[0], "01")
        told = machines[1].facts("ticket.called", queue)
        await eventually(
            lambda: len(machines[1].facts("ticket.called", queue)) == in_all,
            30,
            f"calls, and not {len(told)}",
        )
        calls = [fact.data for fact in machines[1].facts("ticket.called", queue)]
        assert sorted(one["number"] for one in calls) == list(range(1, in_all + 1))
        assert (calls[0]["desk"], calls[0]["priority"]) == ("U1", "elderly")
        assert {one["field"] for one in calls if one["desk"] == "02"} <= {CIVIL}
        assert not page.facts("ticket.called")
        assert not stranger.facts("ticket.issued")

        status, text = await hub_command(hub.environment, "matter", "show", queue, "--json")
        shown = json.loads(text)
        assert (status, shown["matter"], shown["numbers"], shown["waiting"]) == (0, "queue", in_all, {}), text
        assert OFFICER["name"] not in text
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said
