"""The portal in step with the hub: dossiers, progress, payments and lodging through real parts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.links import Links
from adapters.national_portal.lodging import request_id
from adapters.national_portal.settings import DoorSettings
from hub.delivery.documents import StoredFiles
from hub.embedded.stack import StackAddress
from tests.contract.portal_world import PAYMENT_SECRET, settings_for
from tests.support.portal_site import PREFIX, Site, portal_site, running
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    identity_report,
    not_needed,
    submission,
    verification,
)
from tests.support.waiting import eventually, within

# Cấp bản sao trích lục hộ tịch: 8 000 đồng a copy.
PROCEDURE = "2.000635"
COMPONENTS = [{"code": "000.00.00.G15-KQ003040", "originals": 1}]
REQUEST_PAYMENT = "onestop.payment.request.v1"
LODGED: dict[str, Any] = {
    "MaHoSo": "G22.99-260302-000077",
    "MaTTHC": "1.004873",
    "DonViXuLy": AGENCY,
    "LoaiDoiTuong": "1",
    "ChuHoSo": "Trần Thị Thí Nghiệm",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "083190000003"}],
    "SoDienThoai": "0900000003",
    "HinhThucTra": "2",
    "TaiLieuNop": [{"MaThanhPhanHoSo": "000.00.00.G15-KQ003448"}],
}


@pytest.fixture(scope="module")
async def open_site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with portal_site(stack, tmp_path_factory.mktemp("site")) as site, running(site):
        yield site


async def accepted(site: Site, procedure: str = PROCEDURE) -> tuple[str, str]:
    """A dossier that the counter has accepted: its id and code."""
    data = submission(procedure=procedure, components=COMPONENTS)
    dossier = (await site.counter.ask(SUBMIT, f"ref:{id(data)}", data)).data["dossier"]
    await identified(site, dossier)
    acceptance = {
        "officer": OFFICER,
        "components": COMPONENTS,
        "not_needed": not_needed(COMPONENTS, procedure),
        "case": f"{procedure}.02",
    }
    receipt = await site.counter.ask(ACCEPT, dossier, acceptance)
    assert receipt.type == "onestop.receipt.accepted.v1", receipt.data
    return dossier, (await site.counter.fact("dossier.accepted", dossier)).data["code"]


async def identified(site: Site, dossier: str) -> None:
    await site.counter.ask(VERIFY, dossier, verification())
    check = (await site.population.fact("identity.check_requested", dossier)).data["check"]
    await site.population.ask(REPORT_IDENTITY, dossier, identity_report(check))


async def shown(site: Site, code: str, *statuses: str) -> dict[str, Any]:
    """Wait until the portal shows exactly these progress codes; the dossier there."""
    seen: list[str] = []

    async def is_shown() -> bool:
        answer = await site.portal.http.get(f"/_dossiers/{code}")
        seen[:] = [line["TrangThai"] for line in answer.json()["lines"]] if answer.status_code == 200 else []
        return seen == list(statuses)

    await eventually(is_shown, 20, f"the portal to show {statuses} of {code}, not {seen}")
    return await site.portal.shown(code)


async def test_a_dossier_its_payment_and_its_progress_reach_the_portal_once(open_site: Site) -> None:
    site = open_site
    dossier, code = await accepted(site)
    there = await shown(site, code, "2")
    assert there["item"]["ChuHoSo"] == "Nguyễn Văn Thử"
    assert there["item"]["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "083090000001"}]

    asked = {"officer": OFFICER, "items": [{"kind": "fee", "amount": 8000, "quantity": 2}]}
    assert (await site.counter.ask(REQUEST_PAYMENT, dossier, asked)).data["facts"]
    there = await shown(site, code, "2", "6")
    assert there["item"]["TrangThaiHoSo"] == "6"

    refused = await site.pay(code, MaLoi="24")
    assert [answer["MaLoi"] for answer in refused["answers"]] == ["00"]
    await shown(site, code, "2", "6", "6")
    paid = await site.pay(code, repeat=2)
    assert paid["lookup"]["message"]["SoTien"] == "16000"
    assert [answer["MaLoi"] for answer in paid["answers"]] == ["00", "00", "00"]
    assert paid["answers"][0] == paid["answers"][1] == paid["answers"][2]
    there = await shown(site, code, "2", "6", "6", "2")
    assert there["item"]["DuocThanhToanTrucTuyen"] == "1"

    await site.counter.ask(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
    there = await shown(site, code, "2", "6", "6", "2", "4")
    assert there["item"]["TrangThaiHoSo"] == "4"
    recorded = [fact.data["status"] for fact in site.counter.facts("payment.recorded", dossier)]
    assert recorded == ["refused", "paid"]
    assert (await site.pay(code))["lookup"] == {"error_code": "0", "message": {}}
    # Each message that went out was reported, and the hub keeps it as evidence.
    await eventually(
        lambda: len(site.counter.facts("sync.recorded", dossier)) == 5, 20, "five syncs to be recorded"
    )
    assert {fact.data["outcome"] for fact in site.counter.facts("sync.recorded", dossier)} == {"delivered"}


async def test_a_dossier_lodged_on_the_portal_is_taken_once_and_stays_in_step(open_site: Site) -> None:
    site = open_site
    call = {"service": "NopHoSo", "isUpdating": "False", "data": LODGED}
    first = await site.call("/nhanhsdvcqg", call)
    assert first == {"error_code": "0", "message": "Thành công"}
    assert await site.call("/nhanhsdvcqg", call) == first
    other = {**call, "data": LODGED | {"ChuHoSo": "Lê Văn Khác"}}
    assert (await site.call("/nhanhsdvcqg", other))["error_code"] == "1"

    there = await shown(site, LODGED["MaHoSo"], "1")
    assert there["item"]["NoiNopHoSo"] == "1"
    assert there["item"]["KenhThucHien"] == "2"
    lodged = [
        fact for fact in site.counter.facts("dossier.submitted")
        if fact.headers["ce_causationid"] == request_id(LODGED["MaHoSo"])
    ]  # fmt: skip
    assert [fact.data["applicant"]["name"] for fact in lodged] == ["Trần Thị Thí Nghiệm"]
    looked_up = await site.call(
        "/search/call", {"madonvi": "x", "service": "y", "masohoso": LODGED["MaHoSo"]}
    )
    assert looked_up == {
        "MaHoSo": LODGED["MaHoSo"],
        "MaTTHC": "1.004873",
        "TenTTHC": "Thủ tục mẫu 1.004873",
        "MaLinhVuc": "G15-TP07",
        "TenLinhVuc": "Hộ tịch",
        "LoaiDoiTuong": "1",
        "TrangThaiHoSo": "1",
        "HinhThuc": "1",
        "DonViXuLy": AGENCY,
    }


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, "data"),
        (LODGED | {"MaHoSo": "083190000003"}, "MaHoSo"),
        (LODGED | {"MaHoSo": "có dấu"}, "MaHoSo"),
        (LODGED | {"MaHoSo": "G22-1", "HinhThucTra": "9"}, "HinhThucTra"),
        (LODGED | {"MaHoSo": "G22-1", "DonViXuLy": "không phải mã"}, "DonViXuLy"),
        (LODGED | {"MaHoSo": "G22-1", "DinhDanhCHS": []}, "DinhDanhCHS"),
    ],
)
async def test_a_lodging_that_cannot_be_passed_on_names_the_field_and_no_value(
    open_site: Site, data: Any, field: str
) -> None:
    answer = await open_site.call("/nhanhsdvcqg", {"service": "NopHoSo", "data": data})
    assert answer == {"error_code": "-1", "message": f"Dữ liệu không hợp lệ: {field}"}


async def test_calls_about_what_is_not_known_get_minus_one(open_site: Site) -> None:
    unknown = {"error_code": "-1", "message": "Không tìm thấy hồ sơ theo mã số đã nêu"}
    for path, body in (
        ("/search/call", {"masohoso": "H07.1-260302-9999"}),
        ("/search/call", {"masohoso": ["x"]}),
        ("/search/call", {}),
    ):
        assert await open_site.call(path, body) == unknown
    other = await open_site.call("/nhanhsdvcqg", {"service": "NhanChungTuThueDat", "data": {}})
    assert other["error_code"] == "-1"


async def test_a_payment_result_that_is_not_genuine_or_does_not_fit_is_refused(open_site: Site) -> None:
    site = open_site
    dossier, code = await accepted(site)
    asked = {"officer": OFFICER, "items": [{"kind": "fee", "amount": 8000}]}
    await site.counter.ask(REQUEST_PAYMENT, dossier, asked)
    await shown(site, code, "2", "6")
    for changes, words in (
        ({"SoTien": 1}, "Mã xác thực không hợp lệ"),
        ({"MaXacThuc": "0" * 64}, "Mã xác thực không hợp lệ"),
        ({"MaXacThuc": None}, "Mã xác thực không hợp lệ"),
        ({"MaDoiTac": "KHAC"}, "Mã xác thực không hợp lệ"),
    ):
        (answer,) = (await site.pay(code, changes=changes))["answers"]
        assert (answer["MaLoi"], answer["MoTaLoi"]) == ("99", words)
    for wanted, words in (
        ({"MaThamChieu": f"{code}__P9"}, "Không tìm thấy khoản thanh toán"),
        ({"MaThamChieu": "not-ours"}, "Không tìm thấy khoản thanh toán"),
        ({"SoTien": 8001}, "Số tiền không đúng với khoản thanh toán"),
        ({"ThoiGianGD": "20261302000000"}, "Dữ liệu gửi đến không đúng định dạng"),
    ):
        answer = await site.call("/dpnhankqthanhtoanhs", signed(code) | signed(code, **wanted))
        assert (answer["MaLoi"], answer["MoTaLoi"]) == ("99", words)
    wrong = await site.call("/dptracuuthanhtoanhs", {"MaHoSo": code, "MaXacThuc": "0" * 64})
    assert wrong["message"] == "Mã xác thực không hợp lệ"
    assert site.counter.facts("payment.recorded", dossier) == []
    reports = await site.hub.database.fetchval(
        "select count(*) from delivery_report where type = 'onestop.payment.report.v1' and subject = $1", code
    )
    assert reports == 0


def signed(code: str, **changes: Any) -> dict[str, Any]:
    """A genuine result, written by the rule of the contract."""
    fields = {
        "LoaiBanTin": "CONFIRM",
        "MaLoi": "00",
        "MaDoiTac": "BENTRE",
        "MaThamChieu": f"{code}__P1",
        "SoTien": 8000,
        "MaTienTe": "VND",
        "MaGiaoDich": "PP77",
        "MaNganHang": "PAYMENT",
        "ThoiGianGD": "20260302091500",
        "ThongTinGiaoDich": "Thanh toan",
    } | changes
    text = "|".join([*(str(value) for value in fields.values()), PAYMENT_SECRET])
    return {**fields, "MaXacThuc": hashlib.sha256(text.encode()).hexdigest()}


async def test_bodies_that_are_no_call_are_answered_and_change_nothing(open_site: Site) -> None:
    async with httpx.AsyncClient(base_url=open_site.door, trust_env=False) as http:
        for body in (b"", b"[]", b"{", b"[" * 60_000, b"\xff\xfe"):
            answer = await http.post("/search/call", content=body)
            assert answer.status_code == 200
            assert answer.json()["error_code"] == "-1"
        assert (await http.post("/search/call", content=b" " * ((1 << 20) + 1))).status_code == 413
        assert (await http.get("/search/call")).status_code == 405
        assert (await http.post("/mapi/login", json={})).status_code == 404
    root = open_site.door.removesuffix(PREFIX)
    for prefix in ("/VXPAdapter/RestService/forward", ""):
        async with httpx.AsyncClient(base_url=root + prefix, trust_env=False) as http:
            assert (await http.post("/search/call", json={})).json()["error_code"] == "-1"


async def test_a_body_that_does_not_come_is_given_up(stack: StackAddress, tmp_path: Path) -> None:
    async with portal_site(stack, tmp_path) as site:
        door = DoorSettings(body_timeout_s=0.2, networks=site.settings["door"].networks)
        settings = site.settings | {"door": door}
        slow = PortalAdapter(settings_for(site.portal.base, **settings))
        async with running(site, slow):
            assert slow.door_port is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", slow.door_port)
            writer.write(b"POST /search/call HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            async with within(10):
                assert b"408" in await reader.readline()
            writer.close()
            await writer.wait_closed()
        closed = PortalAdapter(
            settings_for(site.portal.base, **settings | {"door": DoorSettings(networks=())})
        )
        async with running(site, closed), httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"http://127.0.0.1:{closed.door_port}/search/call", json={})
            assert answer.status_code == 403


async def test_a_link_gives_the_file_and_nothing_without_it(open_site: Site) -> None:
    content = b"%PDF-1.4 mau " * 5000
    digest = await open_site.put(content)
    links = Links(b"k" * 32, open_site.door.removesuffix(PREFIX), 3600)
    url = links.make(digest, datetime.now(UTC))
    fetched = (await open_site.portal.http.post("/_fetch", json={"url": url})).json()
    assert fetched == {"status": 200, "size": len(content), "sha256": digest}
    absent = links.make("ab" * 32, datetime.now(UTC))
    old = links.make(digest, datetime(2026, 1, 1, tzinfo=UTC))
    async with httpx.AsyncClient(trust_env=False) as http:
        answers = [await http.get(other) for other in (url[:-1] + "_", absent, old, url + "/../x")]
        assert [answer.status_code for answer in answers] == [404] * 4
        full = await http.get(url)
        assert full.headers["content-disposition"] == f'attachment; filename="{digest[:16]}.pdf"'
        assert full.headers["x-content-type-options"] == "nosniff"


async def test_what_came_in_while_the_adapter_was_away_goes_out_when_it_is_back(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with portal_site(stack, tmp_path) as site:
        async with running(site):
            dossier, code = await accepted(site)
            await shown(site, code, "2")
        await site.counter.ask(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
        again = PortalAdapter(settings_for(site.portal.base, **site.settings), StoredFiles(site.documents))
        async with running(site, again):
            await shown(site, code, "2", "4")
        assert site.portal.entries(code) == ["insert", "line 2", "update", "line 4"]
        kept = await site.hub.database.fetchrow(
            "select synced, tried, (select array_agg(state order by message) from portal_line) as lines,"
            " (select count(*) from portal_line where line is not null) as words from portal_dossier"
        )
        assert kept is not None
        assert kept["tried"] is None
        assert set(kept["lines"]) == {"sent"}
        assert kept["words"] == 0
        assert ONE_STOP in code
