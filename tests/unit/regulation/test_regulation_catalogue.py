"""The import of real procedure records, and the traps that such records hold."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import pytest

from hub.regulation.catalogue import HandlingTime, Procedure, TimeUnit
from hub.regulation.catalogue_import import import_catalogue, import_record
from hub.regulation.record import ImportNote
from hub.regulation.sections import Channel
from schemas.dossier import Component
from tests.support.dossiers import law

CATALOGUE = law().catalogue
RECORDS = files("hub.regulation.data.procedures")


def procedure(code: str) -> Procedure:
    found = CATALOGUE.find(code)
    assert found is not None
    return found


@cache
def notes() -> tuple[ImportNote, ...]:
    """What the import of the records that come with the hub could not use."""
    records = [item.read_bytes() for item in RECORDS.iterdir() if item.name.endswith(".json")]
    return import_catalogue(records).notes


def takes(amount: str, unit: TimeUnit = TimeUnit.WORKING_DAY) -> HandlingTime:
    return HandlingTime(Decimal(amount), unit)


def record(**changes: Any) -> bytes:
    """A small record of the portal's shape; the procedure is invented."""
    data = {
        "code": "9.000001",
        "name": "Thủ tục thử",
        "type": "STANDARD",
        "state": "ACTIVE",
        "isFullProcess": True,
        "procedureProposal": {"decisionDate": 1768496400000},
        "executionMethods": [method()],
        "cases": [],
        "executionCases": [{"name": "", "profileComponents": [paper("G99-KQ1", 1, 0)]}],
    }
    return orjson.dumps({"code": "OK", "message": "", "data": data | changes})


def method(time: Any = 3, unit: str = "WORKING_DAY", channel: str = "ONLINE", **more: Any) -> dict[str, Any]:
    return {
        "submissionMethod": channel,
        "processingTime": time,
        "processingTimeUnit": unit,
        "description": "",
        "fees": [],
    } | more


def paper(code: str, originals: Any, copies: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": "Giấy tờ thử",
        "originalQty": originals,
        "copyQty": copies,
        "required": False,
    }


def case(code: str, amount: Any, unit: str) -> dict[str, Any]:
    return {"code": code, "name": code, "processingDay": {"qty": amount, "type": unit}}


def fee(value: Any, text: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "FEE", "value": value, "currencyId": "", "attachment": None, "description": text} | more


def imported(**changes: Any) -> tuple[Procedure, list[str]]:
    result = import_record(record(**changes))
    assert result.procedure is not None
    return result.procedure, [note.path for note in result.notes]


def test_every_record_that_comes_with_the_hub_is_taken() -> None:
    assert len(CATALOGUE.procedures) == 60
    assert all(found.name and found.digest for found in CATALOGUE.procedures.values())
    assert all(note.code and note.path and note.reason for note in notes())


def test_the_version_of_the_catalogue_depends_on_the_bytes_of_its_records() -> None:
    first = import_catalogue([record()]).catalogue.version
    assert import_catalogue([record()]).catalogue.version == first
    assert import_catalogue([record(name="Tên khác")]).catalogue.version != first


def test_channels_that_a_record_does_not_name_are_not_open() -> None:
    assert set(procedure("1.003197").channels) == {"online"}
    assert set(procedure("1.004222").channels) == {"in_person", "online"}
    assert procedure("1.004222").handling_time("post") is None
    assert procedure("1.004222").choices("post") == ()


@pytest.mark.parametrize(
    ("code", "channel", "expected"),
    [
        ("1.004222", "online", takes("7")),
        ("2.001610", "post", takes("3")),
        ("1.001193", "in_person", takes("1")),
        ("1.004873", "online", takes("3")),
        ("2.000513", "post", takes("25", TimeUnit.DAY)),
    ],
    ids=["plain", "post", "number without unit, cases agree", "the same, one case", "case in days"],
)
def test_a_time_on_which_the_record_agrees_is_the_handling_time(
    code: str, channel: Channel, expected: HandlingTime
) -> None:
    assert procedure(code).handling_time(channel) == expected


@pytest.mark.parametrize(
    "code",
    ["1.013225", "2.000986", "1.115613", "1.115345", "1.000656", "1.115668", "1.115730", "1.003677"],
    ids=[
        "channel and case differ",
        "days for working days",
        "several times",
        "halves",
        "cases differ",
        "sentence beside a case",
        "sentence only",
        "two times online",
    ],
)
def test_a_time_on_which_the_record_disagrees_is_not_guessed(code: str) -> None:
    found = procedure(code)
    assert found.channels
    assert all(found.handling_time(channel) is None for channel in found.channels)


def test_the_officer_can_name_each_published_time_of_a_channel() -> None:
    found = procedure("1.115613")
    assert [(choice.id, choice.time) for choice in found.choices("online")] == [
        ("online.1", takes("3")),
        ("online.2", takes("5")),
        ("1.115613.02", takes("5")),
        ("1.115613.01", takes("3")),
    ]
    named = found.choice("online", "online.2")
    assert named is not None
    assert named.time == takes("5")
    assert found.choice("online", "post.1") is None


def test_a_case_code_that_occurs_twice_with_two_times_gives_two_choices() -> None:
    found, _ = imported(
        executionMethods=[method(0, "OTHER")],
        cases=[case("9.1.01", 5, "DAY"), case("9.1.01", 5, "DAY"), case("9.1.01", 2, "MONTH")],
    )
    assert [(choice.id, choice.time) for choice in found.choices("online")] == [
        ("9.1.01", takes("5", TimeUnit.DAY)),
        ("9.1.01#2", takes("2", TimeUnit.MONTH)),
    ]


@pytest.mark.parametrize(
    ("amount", "unit"),
    [
        ("Theo mô tả", "OTHER"),
        (3, "OTHER"),
        (0, "WORKING_DAY"),
        (-1, "DAY"),
        (None, "DAY"),
        (3, "WEEK"),
        (2.5, "DAY"),
        (0.5, "MONTH"),
        (True, "DAY"),
        ([3], "DAY"),
        (1e300, "DAY"),
    ],
)
def test_a_time_that_cannot_be_used_is_noted_and_left_open(amount: Any, unit: str) -> None:
    found, paths = imported(executionMethods=[method(amount, unit)])
    assert found.handling_time("online") is None
    assert found.choices("online") == ()
    assert any(path.startswith("executionMethods[0].processingTime") for path in paths)


def test_fractions_of_working_days_are_taken() -> None:
    found, paths = imported(executionMethods=[method(4.75)])
    assert found.handling_time("online") == takes("4.75")
    assert paths == []


def test_days_beside_a_text_of_working_days_are_doubtful_but_can_be_named() -> None:
    found, paths = imported(executionMethods=[method(20, "DAY", description="Không quá 20 ngày làm việc")])
    assert found.handling_time("online") is None
    assert [choice.time for choice in found.choices("online")] == [takes("20", TimeUnit.DAY)]
    assert paths == ["executionMethods[0].processingTimeUnit"]


@pytest.mark.rule("14.3")
def test_rows_without_originals_and_copies_are_notes_and_cannot_be_demanded() -> None:
    found = procedure("1.001193")
    assert len(found.components) == 8
    assert len(found.component_notes) == 25
    assert found.quantity("000.00.00.G15-KQ004389") == (1, 0)
    assert found.quantity("000.00.00.G15-KQ1475") is None
    assert found.quantity("unknown") is None


def test_a_component_that_stands_under_several_headings_may_be_demanded_in_the_larger_number() -> None:
    assert procedure("1.013225").quantity("000.00.00.G17-KQ002709") == (2, 1)


def test_local_component_codes_with_letters_and_blanks_are_kept_as_published() -> None:
    codes = {row.code for found in CATALOGUE.procedures.values() for row in found.components}
    assert any("/QĐ-UBND" in code for code in codes)


def test_a_record_without_papers_demands_nothing_and_says_so() -> None:
    assert procedure("1.115550").components == ()
    paths = {note.path for note in notes() if note.code == "1.115550"}
    assert "executionCases" in paths


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("row", "amount", "currency"),
    [
        (fee(8000), "8000", "VND"),
        (fee(0), "0", "VND"),
        (fee(0, "Mức cụ thể do HĐND cấp tỉnh quyết định"), None, None),
        (fee(None, attachment={"fileId": "x"}), None, None),
        (fee(None, "Theo Thông tư"), None, None),
        (fee(100, "Phí công bố: 100.000 đồng/lần"), None, None),
        (fee(100000, "Phí công bố: 100.000 đồng/lần"), "100000", "VND"),
        (fee(5000, "thu 7.000 đồng/lần đăng ký"), None, None),
        (fee(5000, "trực tuyến thu 5000 đồng/lần"), "5000", "VND"),
        (fee(120, "Đăng ký lại", currencyName="USD"), "120", "USD"),
        (fee(10, "10 USD/bản"), None, None),
        (fee(10, currencyName="Yên"), None, None),
        (fee(12.5), None, None),
        (fee(-1), None, None),
        (fee(8000, type="GIFT"), None, None),
    ],
)
def test_a_fee_is_taken_only_where_nothing_beside_it_says_otherwise(
    row: dict[str, Any], amount: str | None, currency: str | None
) -> None:
    found, paths = imported(executionMethods=[method(fees=[row])])
    (taken,) = found.channels["online"].fees
    assert taken.amount == (None if amount is None else Decimal(amount))
    assert taken.currency == currency
    assert bool(paths) == (amount is None)


def test_the_typing_error_of_a_real_fee_is_found_in_the_online_row_only() -> None:
    found = procedure("2.001610")
    amounts = {channel: [row.amount for row in offer.fees] for channel, offer in found.channels.items()}
    assert amounts == {"online": [None], "post": [Decimal(100000)], "in_person": [Decimal(100000)]}


def test_the_cutoff_of_same_day_procedures_is_read_from_their_text() -> None:
    with_cutoff = {code for code, found in CATALOGUE.procedures.items() if found.same_day_cutoff == time(15)}
    assert with_cutoff == {"1.000656", "1.001193", "2.000635", "1.115715"}


def test_full_process_and_provincial_records_are_told_apart() -> None:
    assert procedure("1.003197").is_full_process
    assert not procedure("1.004222").is_full_process
    assert procedure("1.115613").is_provincial
    assert not procedure("1.001193").is_provincial


def test_results_and_agencies_are_named() -> None:
    assert [result.code for result in procedure("1.001193").results] == ["KQ.G15.000031"]
    assert procedure("1.004222").executing[0].code == "BCA_CAX"
    assert procedure("1.000656").executing[0].name == "Ủy ban Nhân dân xã, phường, thị trấn."


def test_a_code_with_a_local_tail_finds_the_national_record() -> None:
    assert procedure("1.001193.H07").code == "1.001193"
    assert procedure("2.000635.000.00.00.H55").code == "2.000635"
    assert CATALOGUE.find("1.999999") is None
    assert CATALOGUE.find("not a code") is None


@pytest.mark.rule("3.8")
def test_a_procedure_applies_from_its_decision_until_it_is_repealed() -> None:
    assert CATALOGUE.in_force("1.001193", date(2026, 1, 15)) is None
    assert CATALOGUE.in_force("1.001193", date(2026, 1, 16)) is not None
    later = CATALOGUE.repealing("local-1", "2.000986", date(2026, 8, 8))
    assert later.in_force("2.000986", date(2026, 8, 7)) is not None
    assert later.in_force("2.000986", date(2026, 8, 8)) is None
    assert CATALOGUE.in_force("2.000986", date(2026, 8, 8)) is not None


@pytest.mark.parametrize(
    "changes",
    [{"state": "DELETED"}, {"procedureProposal": None}, {"procedureProposal": {"decisionDate": "soon"}}],
)
def test_a_record_without_a_known_state_or_date_is_kept_but_never_in_force(changes: dict[str, Any]) -> None:
    found, paths = imported(**changes)
    assert not found.is_in_force(date(2027, 1, 1))
    assert paths


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b'"x"',
        b'{"code":"OK"}',
        b'{"data":{}}',
        record(code="1.012783-Xoa"),
        record(code=7),
        record(code="1.0000001"),
    ],
)
def test_what_is_no_record_is_noted_and_left_out(raw: bytes) -> None:
    result = import_record(raw)
    assert result.procedure is None
    assert len(result.notes) == 1


def test_a_code_with_blanks_is_taken_and_noted() -> None:
    found, paths = imported(code=" 9.000001")
    assert found.code == "9.000001"
    assert paths == ["code"]


def test_of_two_records_with_one_code_the_first_stays() -> None:
    result = import_catalogue([record(), record(name="Tên khác")])
    assert result.catalogue.procedures["9.000001"].name == "Thủ tục thử"
    assert [note.path for note in result.notes] == ["code"]


@pytest.mark.parametrize("junk", [None, 7, "x", [], [7], [[]], {}, [{}], [None]])
@pytest.mark.parametrize(
    "key",
    [
        "name",
        "type",
        "executionMethods",
        "cases",
        "executionCases",
        "executionSteps",
        "resultsDetails",
        "departmentsExecuting",
        "returningMethods",
        "isFullProcess",
        "procedureProposal",
    ],
)
def test_a_field_of_another_type_never_stops_the_import(key: str, junk: Any) -> None:
    assert import_record(record(**{key: junk})).procedure is not None


def test_a_row_of_an_unknown_channel_is_noted_and_opens_nothing() -> None:
    found, paths = imported(executionMethods=[method(channel="DRONE")])
    assert found.channels == {}
    assert paths == ["executionMethods[0].submissionMethod"]


def test_every_published_component_can_be_named_in_a_request() -> None:
    procedures = CATALOGUE.procedures.values()
    codes = {component.code for procedure in procedures for component in procedure.components}
    assert len(codes) == 315
    for code in codes:
        assert Component(code=code, originals=1).code == code


@pytest.mark.parametrize("beside", ["{} đồng", "10.000 đồng {} đồng/người"])
def test_a_sum_without_end_in_a_text_contradicts_the_amount_and_raises_nothing(beside: str) -> None:
    row = {"type": "FEE", "value": 10_000, "currencyName": "", "description": beside.format("9" * 5000)}
    raw = record(executionMethods=[{"submissionMethod": "ONLINE", "fees": [row]}])
    (procedure,) = [import_record(raw).procedure]
    assert procedure is not None
    (fee,) = procedure.channels["online"].fees
    assert fee.amount == (None if beside.startswith("{") else 10_000)
