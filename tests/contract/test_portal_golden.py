"""Both sides of the portal's wire pass bytes written by hand from the contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.national_portal import payment
from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import PaymentSettings
from hub.delivery.outcome import Delivered, NotFound, Unknown
from tests.contract.portal_world import GOLDEN, PAYMENT_SECRET, Story, sandbox_process, settings_for
from tests.contract.recorder import Recorder
from tests.support.portal_kept import MemoryKept

SESSION = "6f1ed002ab5595859014ebf0951522d9"
PREFIX = "/XrdAdapter/RestService/forward"
LOGIN, CALL = f"POST {PREFIX}/mapi/login HTTP/1.1", f"POST {PREFIX}/mapi/g HTTP/1.1"


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


@asynccontextmanager
async def recorded(*answers: bytes, **settings: Any) -> AsyncIterator[tuple[PortalAdapter, Story, Recorder]]:
    recorder = Recorder(list(answers))
    server = await asyncio.start_server(recorder.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    adapter = PortalAdapter(settings_for(f"http://127.0.0.1:{port}", **settings))
    kept = MemoryKept()
    adapter.use(kept)
    try:
        yield adapter, Story(kept, "H07.34.12-260302-0001", "1.004873", {}), recorder
    finally:
        await adapter.aclose()
        server.close()
        await server.wait_closed()


async def test_the_adapter_writes_the_golden_requests() -> None:
    answers = [golden(f"answer_{name}") for name in ("login", "procedure", "exists", "ok", "ok")]
    async with recorded(*answers, dstcode="VN:GOV:mau") as (adapter, story, recorder):
        story.submitted()
        assert isinstance(await adapter.deliver(story.accepted()), Delivered)
    assert recorder.bodies == [
        golden("request_login"),
        golden("request_procedure"),
        golden("request_insert"),
        golden("request_update"),
        golden("request_progress"),
    ]
    assert [head[0] for head in recorder.heads] == [LOGIN, CALL, CALL, CALL, CALL]
    for head in recorder.heads:
        fields = dict(line.lower().split(": ", 1) for line in head[1:])
        assert fields["content-type"] == fields["accept"] == "application/json"
        assert fields["charset"] == "utf-8"
        assert fields["dstcode"] == "vn:gov:mau"
        assert "authorization" not in fields


async def test_the_adapter_shows_what_is_reused_of_another_dossier_in_golden_bytes() -> None:
    answers = [golden("answer_login"), golden("answer_procedure"), *[golden("answer_ok")] * 3]
    async with recorded(*answers) as (adapter, story, recorder):
        story.submitted()
        assert isinstance(await adapter.deliver(story.accepted()), Delivered)
        assert await adapter.deliver(story.reused("dd" * 32)) == Delivered({"progress": "sent"})
    assert recorder.bodies[2:] == [
        golden("request_insert"),
        golden("request_progress"),
        golden("request_reused"),
    ]


async def test_the_adapter_asks_with_the_golden_look_up() -> None:
    unreadable = b'{"error_code":'
    for answer, outcome in (("answer_lookup", Delivered), ("answer_lookup_none", NotFound)):
        answers = [golden("answer_login"), golden("answer_procedure"), unreadable]
        async with recorded(*answers, golden(answer), golden("answer_ok")) as (adapter, story, recorder):
            story.submitted()
            accepted = story.accepted()
            assert isinstance(await adapter.deliver(accepted), Unknown)
            assert isinstance(await adapter.query(accepted), outcome)
        assert recorder.bodies[3] == golden("request_lookup")


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with sandbox_process(tmp_path_factory.mktemp("golden"), "--codes", "int") as control:
        yield control.http


async def test_the_sandbox_gives_the_golden_answers(sandbox: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    login = await sandbox.post(f"{PREFIX}/mapi/login", content=golden("request_login"), headers=headers)
    session = login.json()["session"]
    assert login.content == golden("answer_login").replace(SESSION.encode(), session.encode())
    for request, answer in (
        ("lookup", "lookup_none"),
        ("procedure", "procedure"),
        ("insert", "ok"),
        ("insert", "exists"),
        ("lookup", "lookup"),
        ("update", "ok"),
        ("reused", "ok"),
        ("progress", "ok"),
    ):
        body = golden(f"request_{request}").replace(SESSION.encode(), session.encode())
        got = await sandbox.post(f"{PREFIX}/mapi/g", content=body, headers=headers)
        assert got.content == golden(f"answer_{answer}"), request


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"DuocSoHoa": "2"}, "DuocSoHoa"),
        ({"DuocTaiSuDung": "3"}, "DuocTaiSuDung"),
        ({"DuocTaiSuDung": "2"}, "MaKetQuaThayThe"),
        ({"DuocLayTuKhoDMQG": ""}, "DuocLayTuKhoDMQG"),
    ],
)
async def test_the_sandbox_refuses_a_paper_with_an_unknown_code(
    sandbox: httpx.AsyncClient, changes: dict[str, str], field: str
) -> None:
    session = (await sandbox.post(f"{PREFIX}/mapi/login", content=golden("request_login"))).json()["session"]
    document = json.loads(golden("request_reused").replace(SESSION.encode(), session.encode()))
    document["data"][0]["TaiLieuNop"][0] |= changes
    answer = await sandbox.post(f"{PREFIX}/mapi/g", json=document)
    assert answer.json() == {"error_code": -1, "message": f"Dữ liệu không hợp lệ: {field}"}


SHARED = PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET))


def test_a_payment_result_is_genuine_by_the_golden_hash_and_by_no_other() -> None:
    body = json.loads(golden("payment_confirm"))
    told = payment.read_confirmation(body, SHARED)
    assert told is not None
    assert (told.amount, told.is_paid) == (16000, True)
    other = PaymentSettings(partner="BENTRE", secret=SecretStr("o" * 32))
    assert payment.read_confirmation(body, other) is None
    for name in body:
        changed = body | {name: 16001 if name == "SoTien" else "x"}
        assert payment.read_confirmation(changed, SHARED) is None, name
    wrongs: tuple[object, ...] = (None, 5, "", [], "\ud800", body["MaXacThuc"].upper(), "é")
    for wrong in wrongs:
        assert payment.read_confirmation(body | {"MaXacThuc": wrong}, SHARED) is None
    answer = payment.confirmation_answer(told, "00", "Thành công", PAYMENT_SECRET)
    assert json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() == golden(
        "payment_confirm_answer"
    )


def test_a_genuine_hash_counts_for_the_kind_of_message_and_the_partner_that_it_was_made_for() -> None:
    body = json.loads(golden("payment_confirm"))
    kind = PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET), confirmation_kind="RESULT")
    assert payment.read_confirmation(body, kind) is None
    partner = PaymentSettings(partner="KHAC", secret=SecretStr(PAYMENT_SECRET))
    assert payment.read_confirmation(body, partner) is None


def test_a_look_up_is_genuine_by_its_hash_only() -> None:
    # printf '%s' 'H07.34.12-260302-0001|sandbox-secret-of-the-payment-platform' | sha256sum
    signature = "556b3621f5d4f179ea436387df2d8365c0b62950be69533a9699786217c53de3"
    body = {"MaHoSo": "H07.34.12-260302-0001"}
    assert payment.is_lookup_genuine(body | {"MaXacThuc": signature}, PAYMENT_SECRET)
    assert not payment.is_lookup_genuine(body | {"MaXacThuc": signature}, "o" * 32)
    for unsigned in (body, body | {"MaXacThuc": ""}, body | {"MaXacThuc": None}):
        assert not payment.is_lookup_genuine(unsigned, PAYMENT_SECRET)


def test_golden_files_are_one_line_of_compact_json() -> None:
    for file in sorted(Path(GOLDEN).iterdir()):
        raw = file.read_bytes()
        assert json.dumps(json.loads(raw), ensure_ascii=False, separators=(",", ":")).encode() == raw, (
            file.name
        )
