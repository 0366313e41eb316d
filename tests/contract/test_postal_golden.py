"""Both sides of the postal wire pass bytes written by hand from the contract."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from adapters.postal.adapter import PostalAdapter
from adapters.postal.mapping import encode_order
from hub.delivery.outcome import Delivered
from schemas.pickup import PickupOrdered
from tests.contract.postal_world import (
    APPLICANT,
    GOLDEN,
    ONE_STOP,
    cancel_message,
    order_message,
    sandbox_process,
    settings_for,
)
from tests.contract.recorder import Recorder

DOSSIER = "000.12.34.H07-260302-0001"
COLLECT = f"{DOSSIER}__C1"
ORDER_ID = "69a50b7c5a9db0e0de000003"
TRACKING_FROM_START = "/apiVNPostNGSP/p1.0/order/tracking?pagesize=1000&lastId=000000000000000000000000"


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


@asynccontextmanager
async def recorded(*answers: str) -> AsyncIterator[tuple[PostalAdapter, Recorder]]:
    recorder = Recorder([golden("token.json"), *(golden(name) for name in answers)])
    async with await asyncio.start_server(recorder.handle, "127.0.0.1", 0) as server:
        adapter = PostalAdapter(settings_for(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        yield adapter, recorder
        await adapter.aclose()


async def test_the_adapter_asks_for_a_token_as_the_contract_says() -> None:
    async with recorded("answer_ok.json") as (adapter, recorder):
        await adapter.deliver(order_message(COLLECT, DOSSIER))
    head = recorder.heads[0]
    assert head[0] == "POST /token HTTP/1.1"
    assert "Authorization: Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=" in head
    assert "Content-Type: application/x-www-form-urlencoded" in head
    assert recorder.bodies[0] == b"grant_type=client_credentials"


async def test_the_adapter_places_an_order_in_the_contracts_bytes() -> None:
    async with recorded("answer_ok.json") as (adapter, recorder):
        assert await adapter.deliver(order_message(COLLECT, DOSSIER)) == Delivered({"order": COLLECT})
    head = recorder.heads[1]
    assert head[0] == "POST /apiVNPostNGSP/p1.0/order/post HTTP/1.1"
    assert "Authorization: Bearer synthetic-token" in head
    assert "Accept-Charset: UTF-8" in head
    assert recorder.bodies[1] == golden("order_post_collect.json")


async def test_the_adapter_cancels_and_follows_with_the_contracts_queries() -> None:
    async with recorded("answer_ok.json", "tracking.json") as (adapter, recorder):
        await adapter.deliver(cancel_message(order_message(COLLECT, DOSSIER)))
        polled = await adapter.poll(None)
    cancel = f"/apiVNPostNGSP/p1.0/order/cancel?CustomerCode=SANDBOX01&OrderNumber={COLLECT}"
    assert recorder.heads[1][0] == f"GET {cancel} HTTP/1.1"
    assert recorder.heads[2][0] == f"GET {TRACKING_FROM_START} HTTP/1.1"
    assert polled.cursor == f'{{"SANDBOX01": "{ORDER_ID}"}}'
    assert not polled.is_more
    assert [report.data.decode() for report in polled.reports] == [
        f'{{"order":"{COLLECT}",{text}}}'
        for text in (
            '"status":"handed_over","at":"2026-03-02T03:00:00Z","raw_code":"3","item":"RS1","minutes":"42/BBGN"',
            '"status":"unknown","at":"2026-03-02T04:00:00.500000Z","raw_code":"77","item":"RS1"',
        )
    ]
    assert [report.subject for report in polled.reports] == [DOSSIER, DOSSIER]
    assert polled.reports[1].id == f"vnpost-{ORDER_ID}"


def test_a_delivery_with_cash_gives_the_contracts_bytes() -> None:
    fact = PickupOrdered.model_validate(
        {
            "order": f"{DOSSIER}__D2",
            "direction": "deliver",
            "sender": {**ONE_STOP, "district": 9300, "email": "motcua@example.test"},
            "receiver": {**APPLICANT, "province": 70, "email": "thu.nghiem@example.test"},
            "organisation": "000.12.34.H07",
            "cash_on_delivery": 150_000,
            "contents": ("Giấy phép (bản chính)",),
            "note": "Giao giờ hành chính",
        }
    )
    assert encode_order(fact, "SANDBOX01") == golden("order_post_deliver.json")


@pytest.mark.parametrize("order", ["order_post_collect.json", "order_post_deliver.json"])
async def test_the_sandbox_takes_the_contracts_order_and_gives_the_contracts_answers(
    tmp_path: Path, order: str
) -> None:
    async with sandbox_process(tmp_path) as control:
        headers = await _authorised(control.http)
        first = await control.http.post(
            "/apiVNPostNGSP/p1.0/order/post", content=golden(order), headers=headers
        )
        again = await control.http.post(
            "/apiVNPostNGSP/p1.0/order/post", content=golden(order), headers=headers
        )
    assert first.content == golden("answer_ok.json")
    assert again.content == golden("answer_duplicate.json")


async def test_the_sandbox_gives_the_contracts_tracking_page(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "journal.jsonl", tmp_path / "journal.jsonl")
    async with sandbox_process(tmp_path) as control:
        page = await control.http.get(TRACKING_FROM_START, headers=await _authorised(control.http))
    assert page.content == golden("tracking.json")


async def test_the_sandbox_refuses_a_call_without_token_and_an_order_without_its_null_fields(
    tmp_path: Path,
) -> None:
    async with sandbox_process(tmp_path) as control:
        url = "/apiVNPostNGSP/p1.0/order/post"
        assert (await control.http.post(url, content=b"{}")).status_code == 401
        headers = await _authorised(control.http)
        short = golden("order_post_collect.json").replace(b'"SenderEmail":null,', b"")
        answer = await control.http.post(url, content=short, headers=headers)
    assert answer.json() == {"Status": 102, "Message": "Dữ liệu không hợp lệ: SenderEmail"}


async def _authorised(http: httpx.AsyncClient) -> dict[str, str]:
    answer = await http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("sandbox-key", "sandbox-secret")
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
