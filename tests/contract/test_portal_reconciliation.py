"""QUERY of the payment platform: golden bytes on both sides, and the work list that comes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.national_portal.payment_query import query_of, standing_of
from adapters.national_portal.reconciliation import Open, ask, lines_of, open_payments, reconcile
from adapters.national_portal.record import Bill, Record
from adapters.national_portal.sealing import RecordSeal
from adapters.national_portal.settings import PaymentSettings
from adapters.national_portal.transport import Transport
from hub.delivery.errors import EffectUnsureError, NoEffectError
from hub.embedded.stack import StackAddress
from schemas.party import Party
from schemas.payment import PaymentItem
from tests.contract.portal_world import (
    APPLICANT,
    FACT_TIME,
    PAYMENT_SECRET,
    RECORD_KEY,
    sandbox_process,
    settings_for,
)
from tests.contract.recorder import Recorder
from tests.contract.test_portal_golden import PREFIX, golden
from tests.integration.adapters.test_portal_adapter import REQUEST_PAYMENT, accepted, shown
from tests.support.hub_commands import module_output
from tests.support.portal_site import Site, portal_site, running
from tests.support.requests import OFFICER
from tests.support.stack import shared_stack

NUMBER = "H07.34.12-260302-0001__P1"
FEE = PaymentItem(kind="fee", amount=8000, quantity=2)
BILL = Bill(payment=NUMBER, items=(FEE,), total=16000, asked_at=FACT_TIME)
PAYMENT = PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET), query_path="/payplat/query")


@pytest.fixture(scope="session")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


def test_a_payment_is_asked_about_in_the_golden_bytes() -> None:
    body = query_of(BILL, "BENTRE", PAYMENT_SECRET)
    assert json.dumps(body, separators=(",", ":")).encode() == golden("payment_query")


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "paid"),
        ({"TrangThaiGD": 1, "MaLoi": 0}, "paid"),
        ({"TrangThaiGD": "3"}, "pending"),
        ({"TrangThaiGD": "4"}, "failed"),
        ({"MaLoi": "99"}, "not_known"),
        ({"TrangThaiGD": "2"}, None),
        ({"TrangThaiGD": None}, None),
        ({"TrangThaiGD": True}, None),
        ({"MaThamChieu": "H07.34.12-260302-0001__P2"}, None),
        ({"MaThamChieu": None}, None),
    ],
)
def test_only_an_answer_about_this_payment_that_says_one_is_paid(
    changes: dict[str, Any], standing: str | None
) -> None:
    answer = json.loads(golden("payment_query_answer")) | changes
    assert standing_of(answer, NUMBER) == standing
    assert standing_of({}, NUMBER) is None


def test_what_is_open_between_half_an_hour_and_three_days_is_asked_about() -> None:
    ages = {"a": 29, "b": 30, "c": 3 * 24 * 60, "d": 3 * 24 * 60 + 1}
    bills = [
        BILL.model_copy(update={"payment": name, "asked_at": FACT_TIME - timedelta(minutes=age)})
        for name, age in ages.items()
    ]
    paid = bills[1].model_copy(update={"payment": "e", "status": "paid"})
    refused = bills[1].model_copy(update={"payment": "f", "status": "refused"})
    record = Record(
        situation="accepted", procedure="2.000635", organisation="H07.34.12", agency="H07.20",
        channel="in_person", return_channel="in_person", applicant=Party.model_validate(APPLICANT),
        code="H07.34.12-260302-0001", submitted_at=FACT_TIME, bills=(*bills, paid, refused),
    )  # fmt: skip
    assert [each.bill.payment for each in open_payments([record], FACT_TIME)] == ["b", "c", "f"]


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A sandbox at which the golden payment was made; the province was not told."""
    bill = {"error_code": "1", "message": {"MaThamChieu": NUMBER, "SoTien": "16000", "MaTraCuuTT": "x" * 14}}
    recorder = Recorder([json.dumps(bill).encode()])
    server = await asyncio.start_server(recorder.handle, "127.0.0.1", 0)
    door = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with sandbox_process(tmp_path_factory.mktemp("payments")) as control:
        await control.http.post("/_door", json={"base": door})
        paid = await control.http.post("/_pay", json={"MaHoSo": "H07.34.12-260302-0001", "told": False})
        assert paid.json()["answers"] == []
        yield control.http
    server.close()
    await server.wait_closed()


async def test_the_sandbox_takes_and_gives_the_golden_bytes(sandbox: httpx.AsyncClient) -> None:
    answer = await sandbox.post(f"{PREFIX}/payplat/query", content=golden("payment_query"))
    assert answer.content == golden("payment_query_answer")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MaXacThuc": "0" * 64}, "Mã xác thực không hợp lệ"),
        ({"ThoiGianGD": "20260302090001"}, "Mã xác thực không hợp lệ"),
        ({"PhienBan": "1.0.5"}, "Bản tin không hợp lệ"),
        ({"LoaiBanTin": "GET_BILL"}, "Bản tin không hợp lệ"),
    ],
)
async def test_the_sandbox_refuses_another_question(
    sandbox: httpx.AsyncClient, changes: dict[str, str], words: str
) -> None:
    body = json.loads(golden("payment_query")) | changes
    answer = (await sandbox.post(f"{PREFIX}/payplat/query", json=body)).json()
    assert answer == {"MaLoi": "99", "MoTaLoi": words}


@pytest.mark.parametrize(
    ("answer", "error"), [(b"{}", EffectUnsureError), (b"<html>", EffectUnsureError), (None, NoEffectError)]
)
async def test_an_answer_that_cannot_be_had_gives_no_half_work_list(
    answer: bytes | None, error: type[Exception]
) -> None:
    recorder = Recorder([golden("payment_query_answer"), answer or b""])
    server = await asyncio.start_server(recorder.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    transport = Transport(settings_for(f"http://127.0.0.1:{port}"))
    with pytest.raises(error):
        await ask(transport, PAYMENT, [Open("a", BILL), Open("b", BILL)])
    await transport.aclose()
    server.close()
    await server.wait_closed()


def test_the_work_list_names_what_was_paid_there_and_no_person() -> None:
    told: Any = [(Open("a", BILL), "paid"), (Open("b", BILL), "pending"), (Open("c", BILL), "not_known")]
    assert lines_of(told) == [f'{{"dossier": "a", "payment": "{NUMBER}", "amount": 16000}}']


async def test_a_payment_of_which_the_hub_never_heard_stands_on_the_list_until_it_is_told(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with portal_site(stack, tmp_path) as site, running(site):
        dossier, code = await accepted(site)
        asked = {"officer": OFFICER, "items": [{"kind": "fee", "amount": 8000, "quantity": 2}]}
        await site.counter.ask(REQUEST_PAYMENT, dossier, asked)
        await shown(site, code, "2", "6")
        settings = settings_for(site.portal.base, payment=PAYMENT)
        later = datetime.now(UTC) + timedelta(hours=1)
        assert await reconcile(settings, site.hub.dsn, later) == []
        await site.pay(code, ended=False)
        assert await reconcile(settings, site.hub.dsn, later) == []
        await site.pay(code, told=False)
        row = {"dossier": code, "payment": f"{code}__P1", "amount": 16000}
        assert await reconcile(settings, site.hub.dsn, datetime.now(UTC)) == [], "too young to be asked about"
        assert [json.loads(line) for line in await reconcile(settings, site.hub.dsn, later)] == [row]
        await an_hour_ago(site)
        assert await run(site) == (1, json.dumps(row).encode() + b"\n")
        await site.pay(code)
        await shown(site, code, "2", "6", "2")
        assert await reconcile(settings, site.hub.dsn, later) == []
        assert await run(site) == (0, b"")
        assert await run(site, HUB_PORTAL_PAYMENT__QUERY_PATH="") == (3, b"")
        assert await run(site, HUB_PORTAL_RECORD_KEY="o" * 32) == (3, b"")
        assert await run(site, HUB_POSTGRES__DSN="postgresql://nobody@127.0.0.1:1/none") == (3, b"")


async def an_hour_ago(site: Site) -> None:
    """Let the payment have been asked for an hour before it was."""
    row = await site.hub.database.fetchrow("select dossier, record from portal_dossier")
    assert row is not None
    seal = RecordSeal(RECORD_KEY)
    record = Record.model_validate_json(seal.open(row["record"], row["dossier"]))
    (bill,) = record.bills
    older = bill.model_copy(update={"asked_at": bill.asked_at - timedelta(hours=1)})
    changed = record.model_copy(update={"bills": (older,)}).model_dump_json(exclude_none=True).encode()
    sealed = seal.seal(changed, row["dossier"])
    await site.hub.database.execute("update portal_dossier set record = $1", sealed)


async def run(site: Site, **changes: str) -> tuple[int | None, bytes]:
    environment = {
        "HUB_POSTGRES__DSN": site.hub.dsn,
        "HUB_PORTAL_BASE_URL": site.portal.base,
        "HUB_PORTAL_USERNAME": "sandbox",
        "HUB_PORTAL_PASSWORD": "sandbox-password",
        "HUB_PORTAL_UNIT": "000.00.00.H07",
        "HUB_PORTAL_PAYMENT__PARTNER": "BENTRE",
        "HUB_PORTAL_PAYMENT__SECRET": PAYMENT_SECRET,
        "HUB_PORTAL_RECORD_KEY": RECORD_KEY,
        "HUB_PORTAL_PAYMENT__QUERY_PATH": "/payplat/query",
        **changes,
    }
    status, output, _ = await module_output("adapters.national_portal.reconciliation", environment)
    return status, output
