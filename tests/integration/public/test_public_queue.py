"""The screens of a queue on a real hub: a machine draws, desks call, and everybody reads what was called."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from hub.embedded.stack import StackAddress
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support.hub_commands import hub_command
from tests.support.hubs import own_hub
from tests.support.public_pages import NAME, People, own_page, reader
from tests.support.queues import desks_are_imported
from tests.support.requests import OFFICER, ONE_STOP
from tests.support.waiting import eventually

BOARD = f"/xep-hang?bp={ONE_STOP}"


async def press(people: People, machine: str, form: str, **said: str) -> str:
    """The button of the form, with what was chosen in it."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    answer = await people.client.post("/xep-hang", data={**hidden, "m": machine, **said}, timeout=30)
    assert answer.status_code == 200
    return answer.text


async def test_a_machine_draws_and_the_board_shows_what_was_called(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub, reader(hub) as dsn:
        await hub.start_engine()
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        password = await hub.register(NAME, ["public"])
        await desks_are_imported(hub, tmp_path)
        status, address = await hub_command(hub.environment, "organisations", "machine", ONE_STOP)
        (machine,) = parse_qs(urlsplit(address.strip()).query)["m"]
        assert (status, len(machine)) == (0, 32)

        async with own_page(hub, tmp_path, dsn, password=password) as people:
            board = await people.client.get(BOARD)
            assert (board.status_code, "<form" in board.text) == (200, False)
            assert "set-cookie" not in board.headers
            at_machine = f"{BOARD}&m={machine}"

            async def offers_fields() -> bool:
                return "Hộ tịch" in (await people.client.get(at_machine)).text

            await eventually(offers_fields, 20, "a page that knows the desks")
            form = (await people.client.get(at_machine)).text
            first = await press(people, machine, form, **{"linh-vuc": "Hộ tịch", "uu-tien": ""})
            assert "Số của quý vị: 1" in first
            assert await press(people, machine, form, **{"linh-vuc": "Hộ tịch", "uu-tien": ""}) == first

            form = (await people.client.get(at_machine)).text
            both = await asyncio.gather(
                *(press(people, machine, form, **{"linh-vuc": "Hộ tịch", "uu-tien": "elderly"}) for _ in "12")
            )
            assert [("Số của quý vị: 2" in one, "Số người chờ trước: 0." in one) for one in both] == [
                (True, True)
            ] * 2
            form = (await people.client.get(at_machine)).text
            assert "Không có quầy" not in form
            odd = await press(people, machine, form, **{"linh-vuc": "Không có quầy này", "uu-tien": ""})
            assert "Chưa ghi nhận được" in odd
            wrong = await press(people, "ff" * 16, form, **{"linh-vuc": "Hộ tịch", "uu-tien": ""})
            assert "đang gọi" in wrong
            bad = await press(people, machine, form, **{"linh-vuc": "Hộ tịch", "uu-tien": "vip"})
            assert "Thiếu nội dung" in bad

            call = {"organisation": ONE_STOP, "desk": "02", "officer": OFFICER}
            receipt = await counter.ask("onestop.ticket.call.v1", "ref:call", call)
            assert receipt.type == RECEIPT_ACCEPTED
            page = (await people.client.get(BOARD)).text
            assert '<th scope="row">02</th><td>2</td>' in page
            assert "Số người đang chờ: 1." in page
            assert OFFICER["name"] not in page
            assert [fact.data["number"] for fact in counter.facts("ticket.issued")] == [1, 2]

            for nobody in ("000.99.99.H07", "x", "", "000.12.34.H07%00"):
                assert (await people.client.get(f"/xep-hang?bp={nobody}")).status_code == 404, nobody
            assert "queue" not in people.page.output()
