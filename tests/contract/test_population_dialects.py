"""Dialects N2 and N3: golden bytes on both sides, the token, each fault, and what the officer reads."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.population_db.adapter import PopulationAdapter
from adapters.population_db.dialects import exchange, lgsp_header, read_answer
from adapters.population_db.mapping import Answer, Citizen, Found, SoapFault, Unreadable, Verified
from adapters.population_db.question import Question, prepare
from adapters.population_db.settings import Dialect
from adapters.population_db.token import read_token
from hub.delivery.outcome import Delivered, Rejected, RetryAt
from tests.contract.population_world import (
    GOLDEN,
    KNOWN,
    KNOWN_BY_YEAR,
    LOOKED_UP_PROCEDURE,
    LOOKED_UP_WITH_HOUSEHOLD,
    OTHER_NAME,
    RIGHTS,
    UNKNOWN_THERE,
    WITHOUT_KEY,
    Control,
    check_message,
    population_world,
    sandbox_process,
    settings_in,
)

World = tuple[PopulationAdapter, Control]
AT = datetime(2026, 1, 5, 1, 1, 1, 234_000, tzinfo=UTC)
BASE = "http://127.0.0.1:1"
N2, N3 = settings_in("N2", BASE), settings_in("N3", BASE)
LGSP_TOKEN = (
    '{"AccessKey":"truy-cap-gia-lap","SecretKey":"bi-mat-gia-lap","AppName":"hub",'
    '"PartnerCode":"000.12.34.H07","PartnerCodeCus":"000.12.34.H07"}'
)


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def question(check: str, person: dict[str, Any], **changes: object) -> Question:
    asking = prepare(check_message(check, person, **changes), RIGHTS, needs_key=True)
    assert not isinstance(asking, Rejected)
    return asking.question


VERIFY = question("check-0001", KNOWN)
LOOKUP = question("check-0002", KNOWN_BY_YEAR, procedure=LOOKED_UP_WITH_HOUSEHOLD)


# --- golden bytes ---


def test_n2_asks_in_the_golden_bytes_under_three_headers() -> None:
    made = exchange(VERIFY, N2, "token-gia-lap", AT)
    assert (made.url, made.content) == (f"{BASE}/lgsp/csdldc/congdan", golden("n2_request_verify.xml"))
    assert made.headers["Authorization"] == "Bearer token-gia-lap"
    assert base64.b64decode(made.headers["lgspaccesstoken"]).decode() == LGSP_TOKEN
    assert made.headers["lgspaccesstoken"] == lgsp_header(N2)
    assert base64.b64decode(made.headers["AuthHash"]) == b"khoa-01:mat-khau-01"
    assert "Timestamp" not in made.headers


def test_n3_asks_each_service_at_its_address_in_the_golden_bytes() -> None:
    verify, lookup = exchange(VERIFY, N3, "token-gia-lap", AT), exchange(LOOKUP, N3, "token-gia-lap", AT)
    assert verify.url == f"{BASE}/dancu/XacThucThongTinCongDan"
    assert verify.content == golden("n3_request_verify.json")
    assert lookup.url == f"{BASE}/dancu/TraCuuThongTinCongDan"
    assert lookup.content == golden("n3_request_lookup_year.json")
    assert verify.headers["Authorization"] == "Bearer token-gia-lap"


@pytest.mark.parametrize(
    ("body", "asked", "answer"),
    [
        (golden("n3_answer_true.json"), VERIFY, Verified(True)),
        (golden("n3_answer_false.json"), VERIFY, Verified(False)),
        (b'{"KetQuaXacThuc":{"TonTai":true}}', VERIFY, Verified(True)),
        (golden("n3_answer_none.json"), LOOKUP, Found(())),
        (b'{"Fault":{"faultcode":"dan:BUSY","faultstring":"x"}}', VERIFY, SoapFault("BUSY")),
        (b"", VERIFY, Unreadable("no JSON")),
        (b"[" * 50_000, VERIFY, Unreadable("no JSON")),
        (b"[]", VERIFY, Unreadable("another answer than the one asked for")),
        (b"{}", VERIFY, Unreadable("no single TonTai")),
        (b'{"KetQuaXacThuc":{"TonTai":"co"}}', VERIFY, Unreadable("TonTai is no boolean")),
        (b'{"KetQuaXacThuc":{"TonTai":null}}', VERIFY, Unreadable("TonTai is no boolean")),
        (b'{"KetQuaXacThuc":{"TonTai":true,"Khac":1}}', VERIFY, Unreadable("no single TonTai")),
        (golden("n3_answer_true.json"), LOOKUP, Unreadable("another answer than the one asked for")),
        (golden("n3_answer_one.json"), VERIFY, Unreadable("no single TonTai")),
        (
            b'{"CongdanCollection":{"SoCongDan":"1"}}', LOOKUP,
            Unreadable("a collection that counts citizens and has none"),
        ),
        (
            b'{"CongdanCollection":{"CongDan":["x"]}}', LOOKUP,
            Unreadable("something else than CongDan in the collection"),
        ),
    ],
)  # fmt: skip
def test_n3_reads_answers_and_never_takes_another_shape_for_a_match(
    body: bytes, asked: Question, answer: Answer
) -> None:
    assert read_answer(body, asked, N3) == answer


def test_n3_reads_a_citizen_and_keeps_only_what_the_licence_names() -> None:
    citizen = Citizen(
        "000155000002", "000000002", "ĐỖ VĂN Ý GIẢ LẬP", "", "1955",
        {"GioiTinh": "1", "ThuongTru.MaPhuongXa": "28756"},
    )  # fmt: skip
    assert read_answer(golden("n3_answer_one.json"), LOOKUP, N3) == Found((citizen,))


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Control]:
    async with sandbox_process(tmp_path_factory.mktemp("golden")) as started:
        yield started


async def lgsp_token(control: Control, dialect: Dialect) -> str:
    if dialect == "N2":
        answer = await control.http.post(
            "/lgsp/token",
            data={"grant_type": "client_credentials"},
            headers={"lgspaccesstoken": lgsp_header(N2)},
        )
        return str(answer.raise_for_status().json()["access_token"])
    account = {"userName": "hub-gia-lap", "password": "khoa-gia-lap"}
    answer = (await control.http.post("/Authentication/Token", json=account)).raise_for_status()
    assert set(answer.json()) == {"token", "refreshToken", "expiryDate"}
    return str(answer.json()["token"])


async def test_the_sandbox_takes_and_gives_the_golden_bytes_of_n2(sandbox: Control) -> None:
    made = exchange(VERIFY, N2, await lgsp_token(sandbox, "N2"), AT)
    answer = await sandbox.http.post("/lgsp/csdldc/congdan", content=made.content, headers=made.headers)
    assert (answer.status_code, answer.content) == (200, golden("answer_verify_true.xml"))


async def test_the_sandbox_takes_and_gives_the_golden_bytes_of_n3(sandbox: Control) -> None:
    headers = {"Authorization": f"Bearer {await lgsp_token(sandbox, 'N3')}"}
    ask = golden("n3_request_verify.json").replace(b"0001", b"0101", 1)
    look = golden("n3_request_lookup_year.json").replace(b"0002", b"0102", 1)
    for path, asked, answered in (
        ("XacThuc", ask, "n3_answer_true.json"),
        ("XacThuc", ask.replace(b"0101", b"0103", 1).replace(b"THIUOT", b"THIKHAC"), "n3_answer_false.json"),
        ("TraCuu", look, "n3_answer_one.json"),
        ("TraCuu", look.replace(b"0102", b"0104", 1).replace(b"1955", b"1956"), "n3_answer_none.json"),
    ):
        url = f"/dancu/{path}ThongTinCongDan"
        answer = await sandbox.http.post(url, content=asked, headers=headers)
        assert (answer.status_code, answer.content) == (200, golden(answered))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"soCMND":"",', b"", "missing"),
        (b"MOT_CUA_GIA_LAP", b"KHAC", "userNameService"),
        (b"000190000001", b"00019000001", "12 digits"),
        (b"19900102", b"1990-01-02", "ngayThangNam"),
        (b"check-0001", b"c" * 41, "longer than 40"),
    ],
)
async def test_the_sandbox_refuses_n3_requests_of_another_form(
    sandbox: Control, old: bytes, new: bytes, why: str
) -> None:
    headers = {"Authorization": f"Bearer {await lgsp_token(sandbox, 'N3')}"}
    changed = golden("n3_request_verify.json").replace(old, new)
    answer = await sandbox.http.post("/dancu/XacThucThongTinCongDan", content=changed, headers=headers)
    assert answer.status_code == 500
    assert answer.json()["Fault"]["faultcode"] == "dan:REQUEST_INVALID"
    assert why in answer.json()["Fault"]["faultstring"]


# --- the token ---


@pytest.mark.parametrize(
    ("body", "is_oauth", "read"),
    [
        (b'{"access_token":"t","expires_in":3600}', True, ("t", 3600.0)),
        (b'{"access_token":"t","expires_in":"90"}', True, ("t", 90.0)),
        (b'{"access_token":"t"}', True, ("t", 600.0)),
        (b'{"token":"t","expiryDate":"2026-01-05T01:02:01.234+00:00"}', False, ("t", 60.0)),
        (b'{"token":"t","expiryDate":"2026-01-05T08:02:01.234"}', False, ("t", 60.0)),
        (b'{"token":"t","expiryDate":"2026-01-05T01:02:01.234"}', False, ("t", 1.0)),
        (b'{"token":"t","expiryDate":1767574921}', False, ("t", 600.0)),
        (b'{"access_token":"t","expires_in":NaN}', True, ("t", 600.0)),
        (b'{"access_token":"t","expires_in":"inf"}', True, ("t", 600.0)),
        (b'{"token":"t","expiryDate":"05/01/2026"}', False, ("t", 600.0)),
        (b'{"token":"t","expiryDate":"2020-01-01T00:00:00Z"}', False, ("t", 1.0)),
        (b'{"token":""}', False, (None, 0.0)),
        (b'{"token":"a\\nb"}', False, (None, 0.0)),
        (b'{"access_token":"t"}', False, (None, 0.0)),
        (b"<html>", True, (None, 0.0)),
    ],
)
def test_a_token_is_read_with_its_life(body: bytes, is_oauth: bool, read: tuple[str | None, float]) -> None:
    assert read_token(body, is_oauth, AT) == pytest.approx(read)


@pytest.mark.parametrize("dialect", ["N2", "N3"])
async def test_many_checks_share_one_token_and_a_refused_one_is_renewed_once(
    tmp_path: Path, dialect: Dialect
) -> None:
    async with population_world(tmp_path, dialect=dialect, total_timeout_s=10.0) as (adapter, control):
        messages = [control.message_ok() for _ in range(10)]
        outcomes = await asyncio.gather(*(adapter.deliver(message) for message in messages))
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
        assert await control.token_requests() == 1
        await control.script("expired_credentials")
        assert isinstance(await adapter.deliver(control.message_ok()), Delivered)
        assert await control.token_requests() == 2


# --- outcomes, faults and the officer's answer ---


@pytest.fixture(scope="module", params=["N2", "N3"])
async def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async with population_world(tmp_path_factory.mktemp("lgsp"), dialect=request.param) as started:
        yield started


@pytest.mark.parametrize("procedure", ["1.004194.000.00.00.H07", LOOKED_UP_PROCEDURE])
async def test_each_dialect_tells_match_and_mismatch(world: World, procedure: str) -> None:
    adapter, control = world
    people: list[tuple[dict[str, Any], str]] = [
        (KNOWN, "matched"),
        (KNOWN_BY_YEAR, "matched"),
        (OTHER_NAME, "mismatched"),
        ({**KNOWN, "birth_date": "1990-01-03"}, "mismatched"),
    ]
    for person, expected in people:
        outcome = await adapter.deliver(control.message(person, procedure=procedure))
        assert isinstance(outcome, Delivered), outcome
        assert outcome.answer["outcome"] == expected


TIMEOUT_VI = (
    "Cơ sở dữ liệu quốc gia về dân cư không trả lời trong thời gian quy định. Đề nghị"
    " xác thực lại sau hoặc đối chiếu giấy tờ trực tiếp."
)
ERROR_VI = (
    "Cơ sở dữ liệu quốc gia về dân cư đang báo lỗi. Đề nghị xác thực lại sau hoặc đối"
    " chiếu giấy tờ trực tiếp."
)
FAULT_VI = (
    "Cơ sở dữ liệu quốc gia về dân cư báo lỗi xử lý. Đề nghị xác thực lại sau hoặc "
    "đối chiếu giấy tờ trực tiếp."
)
UNREADABLE_VI = (
    "Không đọc được kết quả trả về của Cơ sở dữ liệu quốc gia về dân cư. Đây không "
    "phải là kết quả không khớp. Đề nghị xác thực lại sau."
)
ACCOUNT_VI = (
    "Tài khoản kết nối Cơ sở dữ liệu quốc gia về dân cư không đúng hoặc đã hết hạn. "
    "Đề nghị báo đơn vị vận hành hệ thống cập nhật; trong khi chờ, đối chiếu giấy tờ "
    "trực tiếp."
)


@pytest.mark.parametrize(
    ("fault", "count", "outcome", "effects", "answer"),
    [
        ("timeout_after_effect", 1, RetryAt(10.0, "population.timeout"), 1, TIMEOUT_VI),
        ("slow_drip", 1, RetryAt(10.0, "population.timeout"), 1, TIMEOUT_VI),
        ("http_500", 1, RetryAt(10.0, "population.http_error"), 0, ERROR_VI),
        ("soap_fault", 1, RetryAt(10.0, "population.soap_fault"), 0, FAULT_VI),
        ("html_page", 1, RetryAt(10.0, "population.answer_unreadable"), 0, UNREADABLE_VI),
        ("expired_credentials", 2, RetryAt(900.0, "population.credentials"), 0, ACCOUNT_VI),
    ],
)
async def test_each_fault_is_could_not_ask_in_words_for_the_officer_and_asking_again_works(
    world: World, fault: str, count: int, outcome: RetryAt, effects: int, answer: str
) -> None:
    adapter, control = world
    message = control.message_mismatch()
    check = json.loads(message.data)["check"]
    await control.script(fault, count=count, match=check)
    assert await adapter.deliver(message) == outcome
    assert len(control.effects(check)) == effects
    report = adapter.give_up(message, outcome.why, AT)
    assert report is not None
    assert (json.loads(report.data)["outcome"], json.loads(report.data)["reason_vi"]) == (
        "unavailable",
        answer,
    )
    again = await adapter.deliver(message)
    assert isinstance(again, Delivered)
    assert again.answer["outcome"] == "mismatched"


async def test_n2_asks_nothing_for_an_officer_without_a_key_of_its_own(tmp_path: Path) -> None:
    async with population_world(tmp_path, dialect="N2") as (adapter, control):
        outcome = await adapter.deliver(control.message(KNOWN, officer_account=WITHOUT_KEY))
        assert isinstance(outcome, Rejected)
        assert outcome.reason_vi == (
            "Tài khoản chưa có khóa khai thác riêng trên nền tảng tích hợp, chia sẻ dữ liệu "
            "của tỉnh. Đề nghị báo đơn vị vận hành hệ thống bổ sung rồi gửi lại."
        )
        assert await control.token_requests() == 0
        refused = await adapter.deliver(control.message(KNOWN, officer_account=UNKNOWN_THERE))
        assert isinstance(refused, Rejected)
        assert refused.code == "population.rejected.officer_unknown"


@pytest.mark.parametrize(
    ("dialect", "changes"),
    [
        ("N2", {"lgsp": settings_in("N2", BASE).lgsp.model_copy(update={"app_name": "khac"})}),  # type: ignore[union-attr]  # N2 has it
        ("N3", {"secret_key": SecretStr("wrong")}),
    ],
)
async def test_a_wrong_lgsp_account_waits_long_with_its_reason(
    sandbox: Control, dialect: Dialect, changes: dict[str, Any]
) -> None:
    adapter = PopulationAdapter(settings_in(dialect, sandbox.base, **changes))
    assert await adapter.deliver(sandbox.message_ok()) == RetryAt(900.0, "population.credentials")
    await adapter.aclose()


@pytest.mark.parametrize("dialect", ["N2", "N3"])
async def test_an_lgsp_that_gives_no_token_or_cannot_be_reached_is_could_not_ask(
    sandbox: Control, dialect: Dialect
) -> None:
    async with _page() as url:
        adapter = PopulationAdapter(settings_in(dialect, sandbox.base, token_url=url))
        assert await adapter.deliver(sandbox.message_ok()) == RetryAt(10.0, "population.http_error")
        await adapter.aclose()
    away = PopulationAdapter(settings_in(dialect, sandbox.base, token_url=f"{BASE}/token"))
    assert await away.deliver(sandbox.message_ok()) == RetryAt(10.0, "population.unreachable")
    await away.aclose()


@pytest.mark.parametrize(
    ("dialect", "missing"), [("N1", "x_road_client"), ("N2", "lgsp"), ("N3", "user_name_service")]
)
def test_a_dialect_without_what_it_needs_is_refused_at_the_start(dialect: Dialect, missing: str) -> None:
    with pytest.raises(ValidationError, match=f"dialect {dialect} needs HUB_POPULATION_{missing.upper()}"):
        settings_in(dialect, BASE, **{missing: None})


def test_tokens_are_not_asked_for_over_plain_http_outside_of_this_machine() -> None:
    with pytest.raises(ValidationError, match="token_url must be https"):
        settings_in("N2", BASE, token_url="http://lgsp.example/token")


@asynccontextmanager
async def _page() -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/token"
    server.close()
    await server.wait_closed()
