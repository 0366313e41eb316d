"""DanhSachHoSoBoSung: requests for supplements on a dossier's sync, in golden bytes on both sides."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.status_codes import read_status_codes
from hub.delivery.outcome import Delivered
from schemas.dossier import DossierSupplemented
from tests.contract.portal_world import Story, portal_world, sandbox_process
from tests.contract.test_portal_golden import PREFIX, SESSION, golden, recorded

PAPER = "000.00.00.G15-KQ002966"
COMES = {
    "components": [{"code": PAPER, "originals": 1}],
    "supplemented_at": "2026-03-04T07:30:00Z",
    "due_at": "2026-03-09T02:00:00Z",
}


async def ask_and_bring(adapter: PortalAdapter, story: Story) -> None:
    """Accepted, asked for a supplement, and the supplement brought with its scan; one after the other."""
    story.submitted()
    assert isinstance(await adapter.deliver(story.accepted()), Delivered)
    assert isinstance(await adapter.deliver(story.supplement_requested(component=PAPER)), Delivered)
    story.copied("aa" * 32)
    assert isinstance(await adapter.deliver(story.fact(DossierSupplemented.type, COMES)), Delivered)


async def test_the_adapter_tells_of_a_supplement_when_it_is_asked_for_and_when_it_has_come() -> None:
    answers = [golden("answer_login"), golden("answer_procedure"), *[golden("answer_ok")] * 6]
    async with recorded(*answers, sends_supplements=True) as (adapter, story, recorder):
        await ask_and_bring(adapter, story)
    assert recorder.bodies[2] == golden("request_insert")
    assert recorder.bodies[4] == golden("request_supplement_asked")
    assert recorder.bodies[6] == golden("request_supplement_received")


async def test_unless_it_is_switched_on_the_list_goes_out_empty() -> None:
    answers = [golden("answer_login"), golden("answer_procedure"), *[golden("answer_ok")] * 6]
    async with recorded(*answers) as (adapter, story, recorder):
        await ask_and_bring(adapter, story)
    for body in (recorder.bodies[4], recorder.bodies[6]):
        assert json.loads(body)["data"][0]["DanhSachHoSoBoSung"] == []


async def test_a_second_request_stands_beside_the_first(tmp_path: Path) -> None:
    async with portal_world(tmp_path, sends_supplements=True) as (adapter, control):
        story = control.story()
        await ask_and_bring(adapter, story)
        assert isinstance(await adapter.deliver(story.supplement_requested("Thiếu bản vẽ")), Delivered)
        item = (await control.shown(story.code))["item"]
        assert item["TrangThaiHoSo"] == "5"
        assert [
            (part["HoSoBoSungId"], part["NoiDungBoSung"], part["TrangThaiBoSung"])
            for part in item["DanhSachHoSoBoSung"]
        ] == [
            (f"m3-{story.code}", f"{PAPER}: Thiếu chữ ký", "1"),
            (f"m6-{story.code}", "Thiếu bản vẽ", "0"),
        ]


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with sandbox_process(tmp_path_factory.mktemp("supplements"), "--codes", "int") as control:
        login = await control.http.post(f"{PREFIX}/mapi/login", content=golden("request_login"))
        control.http.headers["x-session"] = login.json()["session"]
        yield control.http


async def send(sandbox: httpx.AsyncClient, body: bytes) -> bytes:
    live = body.replace(SESSION.encode(), sandbox.headers["x-session"].encode())
    return (await sandbox.post(f"{PREFIX}/mapi/g", content=live)).content


async def test_the_sandbox_takes_the_golden_supplements(sandbox: httpx.AsyncClient) -> None:
    for name in ("request_insert", "request_supplement_asked", "request_supplement_received"):
        assert await send(sandbox, golden(name)) == golden("answer_ok"), name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"HoSoBoSungId": ""}, "HoSoBoSungId"),
        ({"NoiDungBoSung": ""}, "NoiDungBoSung"),
        ({"NgayBoSung": "2026-03-02"}, "NgayBoSung"),
        ({"NgayTiepNhanBoSung": ""}, "NgayTiepNhanBoSung"),
        ({"TrangThaiBoSung": "0"}, "NgayTiepNhanBoSung"),
        ({"TrangThaiBoSung": "True"}, "TrangThaiBoSung"),
        ({"TrangThaiBoSung": 1}, "TrangThaiBoSung"),
        ({"LaMotTruongLa": "1"}, "DanhSachHoSoBoSung"),
    ],
)
async def test_the_sandbox_refuses_a_supplement_that_is_none(
    sandbox: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    document = json.loads(golden("request_supplement_received"))
    document["data"][0]["DanhSachHoSoBoSung"][0] |= changes
    answer = json.loads(await send(sandbox, json.dumps(document).encode()))
    assert answer == {"error_code": -1, "message": f"Dữ liệu không hợp lệ: {field}"}


@pytest.mark.parametrize(
    "part", ['requested = "0"', 'received = "1"', '[supplement]\nrequested = "0"\nreceived = "1"']
)
def test_a_table_without_both_codes_is_refused_where_they_are_needed(tmp_path: Path, part: str) -> None:
    table = Path(__file__).parents[2] / "adapters" / "national_portal" / "status_codes.toml"
    text = table.read_text(encoding="utf-8")
    assert part in text
    changed = tmp_path / "codes.toml"
    changed.write_text(text.replace(part, ""), encoding="utf-8")
    with pytest.raises(ValueError, match="requested and received"):
        read_status_codes(changed, needs_supplement=True)
    if part.startswith("[supplement]"):
        assert read_status_codes(changed).by_supplement == {}
