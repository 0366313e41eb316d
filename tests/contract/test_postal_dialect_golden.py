"""Generation C, document/post and getprice: both sides against bytes written by hand from the contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.postal.adapter import PostalAdapter
from hub.delivery.outcome import Delivered
from tests.contract.postal_world import (
    ACCOUNT,
    APPLICANT,
    FACT_TIME,
    GOLDEN,
    ONE_STOP,
    ORGANISATION,
    Control,
    lgsp_account,
    order_message,
    sandbox_process,
    settings_for,
)
from tests.contract.recorder import Recorder

DOSSIER = "000.12.34.H07-260302-0001"
COLLECT = f"{DOSSIER}__C1"
BASE = "/apiVNPostNGSP/p1.0"
LGSP = "/lgsp/vnpost/orders"
TITLE = "Cấp Giấy xác nhận tình trạng hôn nhân"


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def collection(**changes: object) -> Any:
    announced = {"procedure": "1.004873", "procedure_title": TITLE, "returns_by_post": True}
    return order_message(COLLECT, DOSSIER, **(announced | changes))


def delivery() -> Any:
    return order_message(
        f"{DOSSIER}__D2",
        DOSSIER,
        direction="deliver",
        sender={**ONE_STOP, "district": 9300, "email": "motcua@example.test"},
        receiver={**APPLICANT, "province": 70, "email": "thu.nghiem@example.test"},
        cash_on_delivery=150_000,
        contents=["Giấy phép (bản chính)"],
        note="Giao giờ hành chính",
    )


@asynccontextmanager
async def recorded(account: dict[str, Any], *answers: str) -> AsyncIterator[tuple[PostalAdapter, Recorder]]:
    recorder = Recorder([golden("token.json"), *(golden(name) for name in answers)])
    async with await asyncio.start_server(recorder.handle, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        changed = ACCOUNT.model_copy(update=account)
        if account.get("dialect") == "C":
            changed = lgsp_account(base, **account)
        adapter = PostalAdapter(settings_for(base, accounts={ORGANISATION: changed}, price_weight_g=250))
        yield adapter, recorder
        await adapter.aclose()


def pool(folder: Path, *codes: str) -> Path:
    path = folder / "waybills.txt"
    path.write_text("\n".join(codes) + "\n", encoding="ascii")
    return path


async def test_generation_c_orders_without_a_waybill_in_the_contracts_bytes() -> None:
    async with recorded({"dialect": "C"}, "lgsp_answer_ok.json") as (adapter, recorder):
        assert await adapter.deliver(order_message(COLLECT, DOSSIER)) == Delivered({"order": COLLECT})
    assert recorder.heads[1][0] == f"POST {LGSP} HTTP/1.1"
    assert "access_token: synthetic-token" in recorder.heads[1]
    assert not any(line.startswith("Authorization") for line in recorder.heads[1])
    assert recorder.bodies[1] == golden("lgsp_order_collect.json")


async def test_generation_c_orders_with_a_waybill_of_the_pool_in_the_contracts_bytes(tmp_path: Path) -> None:
    account = {"dialect": "C", "waybills_file": pool(tmp_path, "EH000000001VN")}
    async with recorded(account, "lgsp_answer_ok.json") as (adapter, recorder):
        assert isinstance(await adapter.deliver(delivery()), Delivered)
    assert recorder.heads[1][0] == f"POST {LGSP}/with-item-code HTTP/1.1"
    assert recorder.bodies[1] == golden("lgsp_order_deliver_waybill.json")


async def test_generation_c_takes_101_for_an_order_that_was_sent_before() -> None:
    async with recorded({"dialect": "C"}, "lgsp_answer_duplicate.json") as (adapter, _):
        assert await adapter.deliver(order_message(COLLECT, DOSSIER)) == Delivered({"order": COLLECT})


async def test_a_dossier_is_announced_then_ordered_then_priced_in_the_contracts_bytes() -> None:
    wanted = {"announces_documents": True, "asks_price": True}
    async with recorded(wanted, "answer_ok.json", "answer_ok.json", "answer_price.json") as (
        adapter,
        recorder,
    ):
        outcome = await adapter.deliver(collection())
    assert outcome == Delivered({"order": COLLECT, "price": 23_000})
    assert [head[0] for head in recorder.heads[1:]] == [
        f"POST {BASE}/document/post HTTP/1.1",
        f"POST {BASE}/order/post HTTP/1.1",
        f"POST {BASE}/getprice HTTP/1.1",
    ]
    assert recorder.bodies[1:] == [
        golden("document_post.json"), golden("order_post_collect.json"), golden("getprice.json"),
    ]  # fmt: skip
    report = adapter.report(collection(), outcome, FACT_TIME)
    assert report is not None
    assert json.loads(report.data)["amount"] == 23_000


async def test_a_delivery_announces_only_who_receives() -> None:
    async with recorded({"announces_documents": True}, "answer_ok.json", "answer_ok.json") as (
        adapter,
        recorder,
    ):
        await adapter.deliver(delivery())
    body = json.loads(recorder.bodies[1])
    assert (body["IsSendDocument"], body["DocumentSender"]) == (False, None)
    assert (body["IsReceiveResult"], body["ResultReceiver"]["Name"]) == (True, APPLICANT["name"])


async def test_the_sandbox_takes_and_gives_the_contracts_bytes(tmp_path: Path) -> None:
    async with sandbox_process(tmp_path) as control:
        token = await _token(control.http)
        bearer, header = {"Authorization": f"Bearer {token}"}, {"access_token": token}
        exchanges = [
            (f"{LGSP}", header, "lgsp_order_collect.json", "lgsp_answer_ok.json"),
            (f"{LGSP}", header, "lgsp_order_collect.json", "lgsp_answer_duplicate.json"),
            (f"{LGSP}/with-item-code", header, "lgsp_order_deliver_waybill.json", "lgsp_answer_ok.json"),
            (f"{BASE}/document/post", bearer, "document_post.json", "answer_ok.json"),
            (f"{BASE}/getprice", bearer, "getprice.json", "answer_price.json"),
        ]
        for url, headers, asked, answered in exchanges:
            answer = await control.http.post(url, content=golden(asked), headers=headers)
            assert answer.content == golden(answered), url
        assert [entry["kind"] for entry in control.journal()] == ["order", "duplicate", "order", "document"]


@pytest.mark.parametrize(
    ("url", "name", "old", "new", "fault"),
    [
        (LGSP, "lgsp_order_collect.json", b'"CODAmount":null', b'"CODAmount":1.5', "CODAmount"),
        (LGSP, "lgsp_order_collect.json", b'"FlagConfig":2', b'"FlagConfig":3', "FlagConfig"),
        (LGSP, "lgsp_order_deliver_waybill.json", b"", b"", "ItemCode"),
        (f"{LGSP}/with-item-code", "lgsp_order_collect.json", b"", b"", "ItemCode"),
        (f"{BASE}/order/post", "lgsp_order_collect.json", b"", b"", "FlagConfig"),
        (f"{BASE}/document/post", "document_post.json", b'"State":0', b'"State":"0"', "State"),
        (
            f"{BASE}/document/post", "document_post.json",
            b'"IsReceiveResult":true', b'"IsReceiveResult":false', "IsReceiveResult",
        ),
        (f"{BASE}/document/post", "document_post.json", b'"Category":null,', b"", "Procedure"),
    ],
)  # fmt: skip
async def test_the_sandbox_refuses_bytes_of_another_form(
    sandbox: Control, url: str, name: str, old: bytes, new: bytes, fault: str
) -> None:
    token = await _token(sandbox.http)
    headers = {"Authorization": f"Bearer {token}", "access_token": token}
    answer = await sandbox.http.post(url, content=golden(name).replace(old, new), headers=headers)
    assert answer.json()["Status"] in {102, "102"}
    assert answer.json()["Message"].endswith(fault)


async def test_the_sandbox_asks_each_dialect_for_its_own_header(sandbox: Control) -> None:
    token = await _token(sandbox.http)
    for url, headers in (
        (LGSP, {"Authorization": f"Bearer {token}"}),
        (f"{BASE}/order/post", {"access_token": token}),
    ):
        assert (await sandbox.http.post(url, content=b"{}", headers=headers)).status_code == 401


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Control]:
    async with sandbox_process(tmp_path_factory.mktemp("dialects")) as started:
        yield started


async def _token(http: httpx.AsyncClient) -> str:
    answer = await http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("sandbox-key", "sandbox-secret")
    )
    return str(answer.json()["access_token"])
