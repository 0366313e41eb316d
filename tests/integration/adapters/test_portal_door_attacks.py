"""Strangers at the portal's door: nothing is signed for them, nothing is told, nothing is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.lodging import request_id
from adapters.national_portal.settings import DoorSettings, PaymentSettings
from adapters.national_portal.texts import door_answer
from hub.embedded.stack import StackAddress
from tests.contract.portal_world import PAYMENT_SECRET, settings_for
from tests.integration.adapters.test_portal_adapter import LODGED, REQUEST_PAYMENT, accepted, shown, signed
from tests.support.plain_http import plain_http
from tests.support.portal_site import Site, portal_site, running
from tests.support.requests import OFFICER, SUBMIT, submission
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

CONFIRM, LOOKUP, LODGE = "/dpnhankqthanhtoanhs", "/dptracuuthanhtoanhs", "/nhanhsdvcqg"
TIME = "20260302091500"


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with portal_site(stack, tmp_path_factory.mktemp("site")) as made, running(made):
        yield made


async def asked(site: Site, amount: int = 8000) -> tuple[str, str]:
    """A dossier whose fee is asked for: its id and code."""
    dossier, code = await accepted(site)
    items = [{"kind": "fee", "amount": amount}]
    await site.counter.ask(REQUEST_PAYMENT, dossier, {"officer": OFFICER, "items": items})
    await shown(site, code, "2", "6")
    return dossier, code


async def post(site: Site, path: str, body: Any) -> Any:
    """What anybody does who reaches the door."""
    async with plain_http(20) as http:
        # As JSON's escapes: httpx writes no half surrogate pairs.
        answer = await http.post(site.door + path, content=json.dumps(body))
    assert answer.status_code == 200
    return answer.json()


async def payments_told(site: Site, dossier: str, code: str) -> int:
    """Reports of payments on their way to the hub, or recorded there."""
    reports: int = await site.hub.database.fetchval(
        "select count(*) from delivery_report where type = 'onestop.payment.report.v1' and subject = $1", code
    )
    return reports + len(site.counter.facts("payment.recorded", dossier))


async def test_the_answer_to_a_forged_result_is_no_signature_for_a_payment(site: Site) -> None:
    dossier, code = await asked(site)
    reference, amount, partner = f"{code}__P1", "8000", "BENTRE"
    begun = {
        "LoaiBanTin": "x",
        "MaLoi": "x",
        "MaDoiTac": "00",
        "MaThamChieu": f"{partner}|{reference}|{amount}|VND|FORGED1|BANK|{TIME}",
        "ThoiGianGD": "info",
    }
    refused = await post(site, CONFIRM, begun)
    assert refused["MaLoi"] == "99"
    forged = {
        "LoaiBanTin": f"99|{refused['MoTaLoi']}",
        "MaLoi": "00",
        "MaDoiTac": partner,
        "MaThamChieu": reference,
        "SoTien": int(amount),
        "MaTienTe": "VND",
        "MaGiaoDich": "FORGED1",
        "MaNganHang": "BANK",
        "ThoiGianGD": TIME,
        "ThongTinGiaoDich": "info",
        "MaXacThuc": refused["MaXacThuc"],
    }
    answer = await post(site, CONFIRM, forged)
    assert answer["MaLoi"] == "99"
    assert await payments_told(site, dossier, code) == 0


def lookup(code: str, secret: str = PAYMENT_SECRET) -> dict[str, str]:
    return {"MaHoSo": code, "MaXacThuc": hashlib.sha256(f"{code}|{secret}".encode()).hexdigest()}


async def test_a_look_up_tells_a_stranger_the_same_of_every_dossier(site: Site) -> None:
    _, code = await asked(site)
    known = await post(site, LOOKUP, lookup(code))
    assert known["message"]["MaThamChieu"] == f"{code}__P1"
    assert len(known["message"]["MaXacThuc"]) == 64
    nobody = {"error_code": "-1", "message": "Mã xác thực không hợp lệ"}
    for named in (code, "H07.34.12-260302-9999", None, "", ["x"], "\ud800"):
        for extra in ({}, {"MaXacThuc": None}, {"MaXacThuc": "0" * 64}, lookup(code, "guessed")):
            assert await post(site, LOOKUP, {**extra, "MaHoSo": named}) == nobody
    assert await post(site, LOOKUP, {"MaHoSo": f"{code}|x", "MaXacThuc": lookup(code)["MaXacThuc"]}) == nobody


async def test_every_stranger_gets_one_unsigned_answer_to_a_result(site: Site) -> None:
    _, code = await asked(site)
    genuine = signed(code)
    nobody = {
        "MaLoi": "99",
        "MoTaLoi": "Mã xác thực không hợp lệ",
        "MaDoiTac": "",
        "MaThamChieu": "",
        "ThoiGianGD": "",
        "MaXacThuc": "",
    }
    strange: list[dict[str, Any]] = [{}, {"MaDoiTac": "BENTRE", "ThoiGianGD": TIME}]
    strange += [genuine | {name: value} for name in genuine for value in (None, "x|y", "\ud800", ["x"], True)]
    before = not_genuine(site)
    shifted = signed(code, ThongTinGiaoDich=f"{TIME}|info", ThoiGianGD="x")
    for body in (*strange, shifted, signed(code, LoaiBanTin="QUERY"), signed(code, MaDoiTac="KHAC")):
        assert await post(site, CONFIRM, body) == nobody, body
    assert not_genuine(site) - before == len(strange) + 3


def not_genuine(site: Site) -> float:
    """How many strangers the adapter has counted."""
    return site.registry.get_sample_value("hub_adapter_not_genuine_total", {"adapter": "portal"}) or 0.0


async def test_where_look_ups_need_no_signature_a_bill_carries_none(site: Site) -> None:
    _, code = await asked(site)
    shared = PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET), is_lookup_signed=False)
    settings = site.settings | {"payment": shared, "door": DoorSettings()}
    adapter = PortalAdapter(settings_for(site.portal.base, **settings))
    async with running(site, adapter), plain_http(20) as http:
        url = f"http://127.0.0.1:{adapter.door_port}{LOOKUP}"
        bodies = ({"MaHoSo": code}, lookup(code), lookup(code, "guessed"))
        unsigned, signed_one, wrong = [(await http.post(url, json=body)).json() for body in bodies]
    assert (unsigned["error_code"], "MaXacThuc" in unsigned["message"]) == ("1", False)
    assert len(signed_one["message"]["MaXacThuc"]) == 64
    assert wrong["message"] == "Mã xác thực không hợp lệ"


async def test_a_dossier_lodged_under_the_code_of_another_takes_nothing_of_its_place(site: Site) -> None:
    dossier, code = await asked(site)
    for claimed in (code, code.lower(), dossier, f"{code}__P1"):
        answer = await post(site, LODGE, {"service": "NopHoSo", "data": LODGED | {"MaHoSo": claimed}})
        assert answer == {"error_code": "-1", "message": "Dữ liệu không hợp lệ: MaHoSo"}
    # What an earlier version let in under that code: the row of a dossier without a bill.
    await site.hub.database.execute(
        "insert into portal_dossier (dossier, portal_code, folded, record)"
        " select 'a stranger''s', $1, 1, record from portal_dossier where code = $1",
        code,
    )
    paid = await site.pay(code)
    assert paid["lookup"]["message"]["SoTien"] == "8000"
    assert [answer["MaLoi"] for answer in paid["answers"]] == ["00"]
    await shown(site, code, "2", "6", "2")


async def test_a_request_of_another_participant_with_the_lodgings_id_does_not_get_its_code(
    site: Site,
) -> None:
    lodged = LODGED | {"MaHoSo": "G22.99-260302-000099"}
    answer = await post(site, LODGE, {"service": "NopHoSo", "data": lodged})
    assert answer["error_code"] == "0"
    await shown(site, lodged["MaHoSo"], "1")
    request = request_id(lodged["MaHoSo"])
    receipt = await site.counter.receipt(
        await site.counter.send(SUBMIT, "ref:claimed", submission(), event_id=request)
    )
    theirs = receipt.data["dossier"]

    async def is_folded() -> bool:
        count = await site.hub.database.fetchval(
            "select count(*) from portal_dossier where dossier = $1", theirs
        )
        return bool(count)

    await eventually(is_folded, 20, "the portal's adapter to hear of the other dossier")
    rows = await site.hub.database.fetch(
        "select dossier from portal_dossier where portal_code = $1", lodged["MaHoSo"]
    )
    assert len(rows) == 1
    assert rows[0]["dossier"] != theirs


@pytest.mark.parametrize("item", [b"{}", b"0", b'{"SoDinhDanh":[]}'])
async def test_a_lodging_of_very_many_papers_is_refused_unread(site: Site, item: bytes) -> None:
    papers = b",".join([item] * 50_000)
    body = b'{"service":"NopHoSo","data":{"MaHoSo":"x","TaiLieuNop":[' + papers + b"]}}"
    async with plain_http(20) as http:
        answer = await http.post(site.door + LODGE, content=body)
    assert answer.json() == door_answer("bad_request")
