"""Looked-up data: who is given which fields, the report of them, and what the rules make of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from adapters.population_db.adapter import PopulationAdapter
from adapters.population_db.dialects import exchange, wire_form
from adapters.population_db.mapping import Found, decode
from adapters.population_db.person_fields import WIRE_FIELDS, Kin, data_of, relatives_of
from adapters.population_db.question import prepare
from adapters.population_db.settings import Dialect, LookupField
from hub.delivery.adapter import OutMessage
from hub.delivery.outcome import Delivered, Rejected
from schemas.person_data import PersonDataReceived, PersonField, ReportPersonData
from tests.contract.population_world import (
    GOLDEN,
    KNOWN,
    LOOKED_UP_PROCEDURE,
    LOOKED_UP_WITH_ETHNIC,
    LOOKED_UP_WITH_HOUSEHOLD,
    OTHER_NAME,
    RIGHTS,
    WITH_HOUSEHOLD,
    Control,
    check_message,
    population_world,
    settings_for,
)
from tests.support.dossiers import COUNTER, POPULATION, submitted, verification

World = tuple[PopulationAdapter, Control]
FIELDS_VI = (
    "Có trường dữ liệu nằm ngoài phạm vi được cấp phép của thủ tục. Đề nghị chỉ yêu "
    "cầu các trường đã đăng ký khai thác."
)
ROLE_VI = (
    "Hệ thống yêu cầu không được cấp quyền nhận dữ liệu dân cư của thủ tục này. Đề "
    "nghị chỉ yêu cầu xác thực khớp hoặc không khớp."
)
FATHER = {"relation": "father", "name": "Lê Văn Cha Giả Lập", "identity_number": "000165000004"}
HEAD = {
    "relation": "head_of_household",
    "name": "Lê Văn Chủ Hộ Giả Lập",
    "to_head": "CH01",
    "old_identity_number": "000000005",
}


@pytest.fixture(scope="module", params=["N1", "N2", "N3"])
async def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async with population_world(tmp_path_factory.mktemp("data"), dialect=request.param) as started:
        yield started


def lookup(control: Control, person: object = WITH_HOUSEHOLD, **changes: object) -> OutMessage:
    return control.message(person, **{"procedure": LOOKED_UP_WITH_HOUSEHOLD, **changes})


async def reported(adapter: PopulationAdapter, message: OutMessage) -> dict[str, Any]:
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, Delivered), outcome
    report = adapter.report(message, outcome, message.time)
    assert report is not None
    data: dict[str, Any] = json.loads(report.data)
    return {"type": report.type, **data}


async def test_a_lookup_reports_the_licensed_fields_and_the_household(world: World) -> None:
    adapter, control = world
    message = lookup(control)
    report = await reported(adapter, message)
    assert report["type"] == ReportPersonData.type
    assert report["purpose"] == LOOKED_UP_WITH_HOUSEHOLD
    assert report["query"] == report["check"] == json.loads(message.data)["check"]
    assert report["data"] == [
        {"field": "sex", "value": "2"}, {"field": "residence_ward", "value": "28756"},
    ]  # fmt: skip
    assert report["relatives"] == [FATHER, HEAD]
    asked, ends = (datetime.fromisoformat(report[name]) for name in ("asked_at", "usable_until"))
    assert ends - asked == timedelta(hours=2)
    assert "religion" not in json.dumps(report)


async def test_only_the_wanted_fields_are_reported(world: World) -> None:
    adapter, control = world
    report = await reported(adapter, lookup(control, wanted=["father"]))
    assert (report["data"], report["relatives"]) == ([], [FATHER])
    assert (await reported(adapter, lookup(control, asked_by="portal", wanted=["sex"])))["relatives"] == []


async def test_who_wants_no_data_or_may_be_given_none_is_told_the_match_alone(world: World) -> None:
    adapter, control = world
    ethnic = {"procedure": LOOKED_UP_WITH_ETHNIC}
    for message in (
        lookup(control, wanted=[]),
        lookup(control, KNOWN, procedure=LOOKED_UP_PROCEDURE),
        lookup(control, KNOWN, asked_by="portal", **ethnic),
        lookup(control, KNOWN, asked_by=None, **ethnic),
    ):
        report = await reported(adapter, message)
        assert (report["type"], report["outcome"]) == ("onestop.identity.report.v1", "matched")


async def test_no_data_are_reported_of_somebody_whom_the_database_does_not_know(world: World) -> None:
    adapter, control = world
    report = await reported(adapter, lookup(control, OTHER_NAME))
    assert (report["type"], report["outcome"]) == ("onestop.identity.report.v1", "mismatched")


@pytest.mark.parametrize(
    ("changes", "code", "answer"),
    [
        (
            {"wanted": ["sex", "religion"]}, "population.fields_not_licensed",
            FIELDS_VI,
        ),
        (
            {"wanted": ["sex"], "asked_by": "hub"}, "population.role_not_licensed",
            ROLE_VI,
        ),
        (
            {"wanted": ["sex"], "procedure": "1.004194.000.00.00.H07"}, "population.role_not_licensed",
            ROLE_VI,
        ),
    ],
)  # fmt: skip
async def test_what_is_not_licensed_is_refused_before_any_call_and_the_officer_reads_why(
    world: World, changes: dict[str, object], code: str, answer: str
) -> None:
    adapter, control = world
    lines = len(control.journal())
    outcome = await adapter.deliver(lookup(control, **changes))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reason_vi) == (code, answer)
    assert len(control.journal()) == lines


async def test_the_sandbox_writes_the_golden_household_and_nothing_of_it_into_its_journal(
    tmp_path: Path,
) -> None:
    async with population_world(tmp_path) as (adapter, control):
        asking = prepare(check_message("golden", WITH_HOUSEHOLD, procedure=LOOKED_UP_WITH_HOUSEHOLD), RIGHTS)
        assert not isinstance(asking, Rejected)
        made = exchange(asking.question, settings_for(control.service_url), None, datetime.now(UTC))
        answer = await control.http.post(made.url, content=made.content, headers=made.headers)
        assert answer.content == (GOLDEN / "answer_lookup_household.xml").read_bytes()
        outcome = await adapter.deliver(lookup(control))
        assert isinstance(outcome, Delivered)
        assert "Giả Lập" not in control.journal_file.read_text(encoding="utf-8")
        kept = json.dumps(dict(outcome.answer), ensure_ascii=False)
    for value in ("000195000003", "LÊ THỊ CON", "19950304"):
        assert value not in kept  # the person asked about; only licensed data are kept


@pytest.mark.parametrize("dialect", ["N1", "N3"])
async def test_a_report_of_the_adapter_becomes_a_match_and_sealed_data_in_the_dossier(
    tmp_path: Path, dialect: Dialect
) -> None:
    story = submitted()
    story.accepts(verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    async with population_world(tmp_path, dialect=dialect) as (adapter, _):
        message = check_message(check, WITH_HOUSEHOLD, procedure=LOOKED_UP_WITH_HOUSEHOLD)
        outcome = await adapter.deliver(message)
        report = adapter.report(message, outcome, message.time)
    assert report is not None
    request = ReportPersonData.model_validate_json(report.data)
    _, received = story.accepts(request, POPULATION, request.asked_at)
    assert isinstance(received, PersonDataReceived)
    assert story.now.owner.outcome == "matched"
    assert story.now.shared_data[check].fields == ("sex", "residence_ward", "father", "head_of_household")


def test_the_golden_household_is_read_name_by_name() -> None:
    """`HoVaTen` of a relative is text here, and in parts at other providers."""
    asking = prepare(check_message("c", WITH_HOUSEHOLD, procedure=LOOKED_UP_WITH_HOUSEHOLD), RIGHTS)
    assert not isinstance(asking, Rejected)
    data = (GOLDEN / "answer_lookup_household.xml").read_bytes()
    in_parts = data.replace(
        "<ns1:HoVaTen>Lê Văn Cha Giả Lập</ns1:HoVaTen>".encode(),
        (
            "<ns1:HoVaTen><ns1:Ho>Lê</ns1:Ho><ns1:ChuDem>Văn</ns1:ChuDem>"
            "<ns1:Ten>Cha Giả Lập</ns1:Ten></ns1:HoVaTen>"
        ).encode(),
    )
    assert in_parts != data
    for body in (data, in_parts):
        answer = decode(body, asking.question, wire_form(settings_for("http://127.0.0.1:1/s")), 100_000)
        assert isinstance(answer, Found)
        assert [(kin.field, kin.name) for kin in answer.citizens[0].relatives] == [
            ("Cha", "Lê Văn Cha Giả Lập"),
            ("ChuHo", "Lê Văn Chủ Hộ Giả Lập"),
        ]


def test_values_that_the_hub_cannot_take_are_cut_or_left_out() -> None:
    fields: dict[LookupField, str] = {"QuocTich": "V\u0000N", "ThuongTru.ChiTiet": "x" * 400, "NhomMau": " "}
    assert data_of(fields) == [
        {"field": "nationality", "value": "VN"}, {"field": "residence_detail", "value": "x" * 300},
    ]  # fmt: skip
    kin = (
        Kin("Me", "Giả Lập", "12", "123456789", ""),
        Kin("VoChong", " ", "000165000004", "", ""),
    )
    assert relatives_of(kin) == [
        {"relation": "mother", "name": "Giả Lập", "old_identity_number": "123456789"}
    ]


def test_every_field_of_the_contract_has_a_name_on_the_wire() -> None:
    assert WIRE_FIELDS.keys() == set(get_args(PersonField))
    assert set(WIRE_FIELDS.values()) == set(get_args(LookupField))
