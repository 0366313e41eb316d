"""What each field type of the wire takes and refuses."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import Wire
from schemas.types import (
    Amount,
    BirthDate,
    ComponentCode,
    DossierCode,
    Email,
    IdentityNumber,
    Instant,
    Line,
    OldIdentityNumber,
    OrganisationCode,
    PersonName,
    Phone,
    ProcedureCode,
    Reference,
    TaxCode,
    Text,
    TravelDocument,
    VnpostProvince,
)


class Sample(Wire):
    """Each type once."""

    amount: Amount = 0
    birth_date: BirthDate | None = None
    component: ComponentCode | None = None
    dossier_code: DossierCode | None = None
    email: Email | None = None
    identity: IdentityNumber | None = None
    instant: Instant | None = None
    line: Line | None = None
    old_identity: OldIdentityNumber | None = None
    organisation: OrganisationCode | None = None
    name: PersonName | None = None
    phone: Phone | None = None
    procedure: ProcedureCode | None = None
    province: VnpostProvince | None = None
    reference: Reference | None = None
    tax_code: TaxCode | None = None
    text: Text | None = None
    travel: TravelDocument | None = None


def is_taken(field: str, value: Any) -> bool:
    """Whether the field takes the value as it arrives, in JSON, and gives it back unchanged."""
    try:
        read = Sample.model_validate_json(json.dumps({field: value}))
    except ValidationError:
        return False
    assert json.loads(read.model_dump_json())[field] == value
    return True


def test_a_tax_code_of_a_branch_is_written_with_its_dash_from_then_on() -> None:
    read = Sample.model_validate_json('{"tax_code": "0100233488001"}')
    assert read.tax_code == "0100233488-001"


@pytest.mark.parametrize(
    "code", ["0100233488", "0314409058", "0100047516", "0100233488-001", "0314409058-123", "083090000001"]
)
def test_a_tax_code_with_the_right_check_digit_is_taken(code: str) -> None:
    assert is_taken("tax_code", code)


@pytest.mark.parametrize(
    "code",
    [
        "0100233489",
        "0100233480",
        "0100233388",
        "1000233488",
        "0100233489001",
        "0100233488-01",
        "010023348",
        "0100233488 ",
        "0100233488\n",
        "",
        "MST0100233488",
    ],
)
def test_another_tax_code_is_refused(code: str) -> None:
    assert not is_taken("tax_code", code)


# The weighted sums of these heads are multiples of 11, counted by hand (000000000 is 0):
# 000000012: 1*5 + 2*3 = 11; 000000048: 4*5 + 8*3 = 44; 001300011: 23 + 3*19 + 5 + 3 = 88.
@pytest.mark.parametrize("head", ["000000000", "000000012", "000000048", "001300011"])
@pytest.mark.parametrize("digit", list("0123456789"))
def test_a_tax_code_whose_remainder_is_zero_has_no_check_digit_and_is_never_valid(
    head: str, digit: str
) -> None:
    assert not is_taken("tax_code", head + digit)


@pytest.mark.parametrize(
    ("province", "taken"), [(93, True), (10, True), (98, True), (0, False), (100, False)]
)
def test_a_vnpost_province_is_a_number_of_the_post_and_its_list_is_the_adapters(
    province: int, taken: bool
) -> None:
    assert is_taken("province", province) == taken


@pytest.mark.parametrize("province", ["93", 93.0, True, -93, [93]])
def test_a_vnpost_province_is_a_whole_number(province: Any) -> None:
    assert not is_taken("province", province)


@pytest.mark.parametrize(
    "code",
    [
        "000.00.14.H20-200703-0002",
        "000.17.22.H56-210531-0001",
        "H56.14-240823-0001",
        "H15.50.05.13-261008-0975",
        "H07.34.12-260105-0001",
        "G09.20-20260609-0092637",
        "H07-260105-0001",
    ],
)
def test_dossier_codes_of_the_old_the_new_and_a_ministrys_order_are_taken(code: str) -> None:
    assert is_taken("dossier_code", code)


@pytest.mark.parametrize(
    "code",
    [
        "H07.34.12-260105-001",
        "H07.34.12-26010-0001",
        "H07.34.12-260105",
        "h07.34.12-260105-0001",
        "00.00.14.H20-200703-0002",
        "H07.34.12_260105_0001",
        "H07.34.12-260105-0001 ",
        "H07.34.12-260105-0001\n",
        "H07.34.12-٢٦٠١٠٥-0001",
        "083090000001",
        "H07" + ".00" * 20 + "-260105-0001",
    ],
)
def test_another_dossier_code_is_refused(code: str) -> None:
    assert not is_taken("dossier_code", code)


@pytest.mark.parametrize(
    "code",
    [
        "1.001193",
        "2.000635",
        "1.012783.H19",
        "2.000815.000.00.00.H55",
        "2.001474.000.00.00.H50",
        "1.000948.H38",
    ],
)
def test_procedure_codes_with_and_without_a_provinces_tail_are_taken(code: str) -> None:
    assert is_taken("procedure", code)


@pytest.mark.parametrize(
    "code", ["1.00119", "1.0011933", "1001193", "1.001193.", "1.001193.h19", "1.001193.H1", "1.001193.01"]
)
def test_another_procedure_code_is_refused(code: str) -> None:
    assert not is_taken("procedure", code)


@pytest.mark.parametrize(
    "code",
    [
        "000.00.00.G15-KQ004389",
        "000.00.00.G15-KQ1475",
        "G17-KQ005477",
        "TP-H24.000044",
        "KQ.G15.000031",
        "KQ-H24.000014",
    ],
)
def test_component_and_result_codes_of_every_shape_in_use_are_taken(code: str) -> None:
    assert is_taken("component", code)


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("000.12.34.H07", True),
        ("H07.34.12", True),
        ("H07", True),
        ("G15", True),
        ("H07.1", False),
        ("h07.34", False),
        ("000.12.34", False),
        ("", False),
    ],
)
def test_organisation_codes_stand_in_either_order(code: str, taken: bool) -> None:
    assert is_taken("organisation", code) == taken


@pytest.mark.parametrize("field", ["identity", "old_identity"])
@pytest.mark.parametrize("value", ["08309000000X", " 083090000001", "083090000001\n", "+83090000001", ""])
def test_identity_numbers_are_digits_only(field: str, value: str) -> None:
    assert not is_taken(field, value)


def test_identity_numbers_have_their_exact_length() -> None:
    assert is_taken("identity", "083090000001")
    assert not is_taken("identity", "08309000001")
    assert not is_taken("identity", "0830900000011")
    assert is_taken("old_identity", "320000001")
    assert not is_taken("old_identity", "3200000011")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identity", "٠٨٣٠٩٠٠٠٠٠٠١"),
        ("old_identity", "३२०००००००"),
        ("phone", "٠٩٠٠٠٠٠٠٠١"),
        ("procedure", "١.٠٠١١٩٣"),
        ("organisation", "H٠٧.34.12"),
        ("tax_code", "٠١٠٠٢٣٣٤٨٨"),
    ],
)
def test_digits_of_other_scripts_are_no_digits(field: str, value: str) -> None:
    assert not is_taken(field, value)


@pytest.mark.parametrize("field", ["name", "line", "text"])
def test_text_is_taken_in_composed_form_only(field: str) -> None:
    assert is_taken(field, "Nguy\u1ec5n V\u0103n Th\u1eed")
    assert not is_taken(field, "Nguye\u0302\u0303n Va\u0306n Thu\u031b\u0309")


@pytest.mark.parametrize("field", ["name", "line", "text", "email", "reference"])
@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1b", "\x7f", "\uffff"])
def test_text_holds_nothing_that_xml_or_postgresql_cannot_hold(field: str, character: str) -> None:
    assert not is_taken(field, f"thu{character}@vi-du.example")


def test_text_may_have_lines() -> None:
    assert is_taken("text", "Dòng một\r\n\tDòng hai")


@pytest.mark.parametrize(
    ("field", "longest"), [("name", 100), ("line", 250), ("text", 4000), ("reference", 64)]
)
def test_text_is_bounded(field: str, longest: int) -> None:
    assert is_taken(field, "a" * longest)
    assert not is_taken(field, "a" * (longest + 1))
    assert not is_taken(field, "")


@pytest.mark.parametrize(
    ("reference", "taken"), [("MC-2026/17", True), ("a b", False), ("mã", False), ("a\tb", False)]
)
def test_a_reference_is_printable_ascii_without_spaces(reference: str, taken: bool) -> None:
    assert is_taken("reference", reference) == taken


@pytest.mark.parametrize(
    ("field", "value", "taken"),
    [
        ("phone", "+84900000001", True),
        ("phone", "0900 000 001", False),
        ("email", "thu@vi-du.example", True),
        ("email", "thu@vi-du", False),
        ("email", "thu@@vi-du.example", False),
        ("travel", "B0000001", True),
        ("travel", "b0000001", False),
        ("amount", 0, True),
        ("amount", -1, False),
        ("amount", 10_000_000_001, False),
        ("amount", 10**30, False),
        ("amount", "8000", False),
        ("amount", 8000.0, False),
        ("amount", True, False),
    ],
)
def test_small_types_take_exactly_their_shape(field: str, value: Any, taken: bool) -> None:
    assert is_taken(field, value) == taken


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05T08:00:00+07:00",
        "2026-01-05T08:00:00Z",
        "2026-01-05T08:00:00.250+07:00",
        "2026-01-05t08:00:00.0123456789z",
    ],
)
def test_an_instant_has_a_zone(value: str) -> None:
    read = Sample.model_validate_json(json.dumps({"instant": value}))
    assert read.instant is not None
    assert read.instant.astimezone(UTC).day == 5


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05T08:00:00",
        "2026-01-05",
        "2026-01-05 08:00:00+07:00",
        "20260105T080000Z",
        "2026-01-05T24:00:00Z",
        "1767575100",
        "1767575100000",
        1767575100,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1999-12-31T23:59:59Z",
        "2026-02-30T08:00:00Z",
        "",
        "now",
    ],
)
def test_another_instant_is_refused(value: Any) -> None:
    assert not is_taken("instant", value)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("1990-04-15", True),
        ("1990-02-30", False),
        ("1990-04-15T00:00:00", False),
        ("0", False),
        ("19900415", False),
        (19900415, False),
        ("1899-12-31", False),
        ("15/04/1990", False),
    ],
)
def test_a_birth_date_is_a_day_of_the_calendar(value: Any, taken: bool) -> None:
    assert is_taken("birth_date", value) == taken
