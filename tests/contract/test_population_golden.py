"""Both sides against bytes written by hand from the contract."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.population_db.dialects import signed_headers, wire_form
from adapters.population_db.mapping import Answer, Citizen, Found, Verified, decode, encode
from adapters.population_db.question import Question, prepare
from hub.delivery.outcome import Rejected
from tests.contract.population_world import (
    GOLDEN,
    KNOWN,
    KNOWN_BY_YEAR,
    LOOKED_UP_PROCEDURE,
    LOOKED_UP_WITH_ETHNIC,
    RIGHTS,
    Control,
    check_message,
    sandbox_process,
    settings_for,
)

URL = "http://127.0.0.1:1/service"
FORM_2025 = {"is_account_sent": True, "date_format": "yyyy-MM-dd"}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.xml").read_bytes()


def question(check: str, person: dict[str, Any], **changes: object) -> Question:
    asking = prepare(check_message(check, person, **changes), RIGHTS)
    assert not isinstance(asking, Rejected)
    return asking.question


def read(name: str, asked: Question) -> Answer:
    return decode(golden(name), asked, wire_form(settings_for(URL)), 100_000)


VERIFY = question("check-0001", KNOWN)
LOOKUP = question("check-0003", KNOWN, procedure=LOOKED_UP_PROCEDURE)
LICENSED = question("check-0003", KNOWN, procedure=LOOKED_UP_WITH_ETHNIC)


@pytest.mark.parametrize(
    ("name", "asked", "form"),
    [
        ("request_verify_date", VERIFY, {}),
        ("request_verify_year", question("check-0002", KNOWN_BY_YEAR), {}),
        ("request_lookup_2025", LOOKUP, FORM_2025),
    ],
)
def test_the_adapter_writes_the_golden_request(name: str, asked: Question, form: dict[str, Any]) -> None:
    assert encode(asked, wire_form(settings_for(URL, **form))) == golden(name)


def test_the_adapter_reads_the_golden_verifications() -> None:
    assert read("answer_verify_true", VERIFY) == Verified(True)
    assert read("answer_verify_2023_sample", VERIFY) == Verified(True)
    assert read("answer_verify_false", VERIFY) == Verified(False)


def test_an_empty_collection_is_no_match() -> None:
    assert read("answer_lookup_none", LOOKUP) == Found(())


def test_a_lookup_keeps_only_what_the_licence_names() -> None:
    bare = Citizen("000190000001", "000000001", "ĐẶNG THỊ ƯỚT GIẢ LẬP", "19900102", "1990", {})
    licensed = Citizen(
        "000190000001",
        "000000001",
        "ĐẶNG THỊ ƯỚT GIẢ LẬP",
        "19900102",
        "1990",
        {"DanToc": "01", "GioiTinh": "2"},
    )
    assert read("answer_lookup_one", LOOKUP) == Found((bare,))
    assert read("answer_lookup_one", LICENSED) == Found((licensed,))


@pytest.mark.parametrize(("unit", "timestamp"), [("ms", "1767574861234"), ("s", "1767574861")])
def test_the_signature_is_the_one_worked_out_by_hand(unit: str, timestamp: str) -> None:
    """printf %s 'http://127.0.0.1:1/servicehub-gia-lap<timestamp>khoa-gia-lap' | sha256sum."""
    now = datetime(2026, 1, 5, 1, 1, 1, 234_000, tzinfo=UTC)
    headers = signed_headers(settings_for(URL, timestamp_unit=unit), now)
    assert headers["Timestamp"] == timestamp
    scheme, _, token = headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token)) == ("Basic", f"hub-gia-lap:{SHA256_HEX[unit]}".encode())
    assert headers["SOAPAction"] == '""'
    assert headers["Content-Type"] == "application/xml"
    assert headers["X-Road-Client"] == "VN/GOV/000.12.34.H07/hub"
    assert headers["ApiKey"] == "api-gia-lap"


SHA256_HEX = {
    "ms": "2e637d9a0a6494e3bba38c1a51872e102d71a0b648207114d7e4e0e999ced14d",
    "s": "43684eddf8b2b32a858cf2997a9017f35763d0c6f796c98d56b9ea2c3b3a7419",
}


@pytest.fixture(scope="module")
async def control(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Control]:
    async with sandbox_process(tmp_path_factory.mktemp("golden")) as started:
        yield started


async def post(control: Control, content: bytes, **form: Any) -> tuple[int, bytes]:
    settings = settings_for(control.service_url, **form)
    headers = signed_headers(settings, datetime.now(UTC))
    response = await control.http.post(control.service_url, content=content, headers=headers)
    return response.status_code, response.content


@pytest.mark.parametrize(
    ("request_name", "answer_name"),
    [("request_verify_date", "answer_verify_true"), ("request_verify_year", "answer_verify_true")],
)
async def test_the_sandbox_answers_the_golden_request_with_the_golden_answer(
    control: Control, request_name: str, answer_name: str
) -> None:
    assert await post(control, golden(request_name)) == (200, golden(answer_name))


async def test_the_sandbox_answers_a_wrong_name_with_the_golden_no_match(control: Control) -> None:
    other = (
        golden("request_verify_date").replace(b"DANGTHIUOT", b"DANGTHIKHAC").replace(b"0001<", b"0009<", 1)
    )
    assert await post(control, other) == (200, golden("answer_verify_false"))


async def test_the_sandbox_answers_the_golden_lookup(tmp_path: Path) -> None:
    async with sandbox_process(tmp_path, date_format="yyyy-MM-dd") as control:
        assert await post(control, golden("request_lookup_2025")) == (200, golden("answer_lookup_one"))
        other = (
            golden("request_lookup_2025").replace(b"1990-01-02", b"1990-01-03").replace(b"0003<", b"0004<", 1)
        )
        assert await post(control, other) == (200, golden("answer_lookup_none"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"<dan:MaTichHop>033</dan:MaTichHop>", b"", b"missing"),
        (
            b"<dan:MaDVC>1.004194.000.00.00</dan:MaDVC><dan:MaTichHop>033</dan:MaTichHop>",
            b"<dan:MaTichHop>033</dan:MaTichHop><dan:MaDVC>1.004194.000.00.00</dan:MaDVC>",
            b"wrong order",
        ),
        (b'xmlns:dan="http://dancuquocgia.bca"', b'xmlns:dan="http://other.example"', b"namespace"),
        (b"<dan:HoVaTen>", b"<dan:Khac>1</dan:Khac><dan:HoVaTen>", b"unknown element"),
        (b"000190000001", b"00019000001", b"12 digits"),
        (b"19900102", b"1990-01-02", b"another form"),
        (b"check-0001", b"c" * 41, b"longer than 40"),
    ],
)
async def test_the_sandbox_refuses_a_request_of_another_form(
    control: Control, old: bytes, new: bytes, reason: bytes
) -> None:
    changed = golden("request_verify_date").replace(old, new)
    assert changed != golden("request_verify_date")
    status, answer = await post(control, changed)
    assert status == 500
    assert b"<faultcode>dan:REQUEST_INVALID</faultcode>" in answer
    assert reason in answer
