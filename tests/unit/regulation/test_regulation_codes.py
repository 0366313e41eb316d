"""Codes: issued strictly by the profile, read in every shape that is in use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import TypeAdapter

from hub.regulation.codes import make_dossier_code, parse_dossier_code, parse_procedure_code, parse_unit_code
from hub.regulation.errors import CodeError
from schemas.types import DossierCode as WireCode
from tests.support.dossiers import law

FORMAT = law().profile.dossier_code


@pytest.mark.rule("15.3")
@pytest.mark.parametrize(
    ("unit", "serial", "code"),
    [
        ("000.12.34.H07", 1, "000.12.34.H07-260310-0001"),
        ("H07.34.12", 9999, "H07.34.12-260310-9999"),
        ("H07", 42, "H07-260310-0042"),
    ],
)
def test_a_dossier_code_is_unit_day_of_acceptance_and_serial(unit: str, serial: int, code: str) -> None:
    assert make_dossier_code(FORMAT, unit, date(2026, 3, 10), serial) == code


@pytest.mark.parametrize(
    ("unit", "serial"),
    [
        ("H61.01", 1),
        ("000.12.34.H61", 1),
        ("H07.1", 1),
        ("h07.34", 1),
        ("H07.34", 0),
        ("H07.34", 10000),
        ("H07.34\n", 1),
    ],
)
def test_codes_of_foreign_units_and_serials_outside_the_day_are_not_issued(unit: str, serial: int) -> None:
    with pytest.raises(CodeError):
        make_dossier_code(FORMAT, unit, date(2026, 3, 10), serial)


def test_a_profile_may_give_more_than_9999_codes_a_day_with_a_fifth_digit() -> None:
    wide = replace(FORMAT, max_serial=99_999)
    code = make_dossier_code(wide, "H07.34", date(2026, 3, 10), 10_000)
    assert code == "H07.34-260310-10000"
    assert TypeAdapter(WireCode).validate_python(code) == code
    read = parse_dossier_code(code)
    assert read is not None
    assert (read.unit, read.serial, read.shape) == ("H07.34", 10_000, "new")
    assert make_dossier_code(wide, "H07.34", date(2026, 3, 10), 9_999) == "H07.34-260310-9999"
    with pytest.raises(CodeError):
        make_dossier_code(wide, "H07.34", date(2026, 3, 10), 100_000)


@pytest.mark.parametrize(
    ("text", "shape", "unit", "accepted_on", "serial"),
    [
        ("000.00.01.H22-210517-0012", "old", "000.00.01.H22", date(2021, 5, 17), 12),
        ("H15.50.05.13-261008-0975", "new", "H15.50.05.13", date(2026, 10, 8), 975),
        ("G09.20-20260609-0092637", "foreign", "G09.20", date(2026, 6, 9), 92637),
        ("G22-260609-123456", "foreign", "G22", date(2026, 6, 9), 123456),
        ("H07.34-269999-0001", "new", "H07.34", None, 1),
        ("G22-2606091-1234", "foreign", "G22", None, 1234),
    ],
)
def test_codes_of_every_known_shape_are_read(
    text: str, shape: str, unit: str, accepted_on: date | None, serial: int
) -> None:
    code = parse_dossier_code(text)
    assert code is not None
    assert (code.text, code.shape, code.unit, code.accepted_on, code.serial) == (
        text,
        shape,
        unit,
        accepted_on,
        serial,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H07-260310",
        "H07-260310-1",
        "000.00.00-260310-0001",
        "H07-260310-0001\n",
        "H07-260310-٠٠٠١",
        "H07" + ".11" * 30 + "-260310-0001",
    ],
)
def test_what_has_no_known_shape_is_no_dossier_code(text: str) -> None:
    assert parse_dossier_code(text) is None


def test_a_code_that_was_issued_is_read_back() -> None:
    code = parse_dossier_code(make_dossier_code(FORMAT, "H07.34.12", date(2026, 3, 10), 7))
    assert code is not None
    assert (code.unit, code.accepted_on, code.serial) == ("H07.34.12", date(2026, 3, 10), 7)


@pytest.mark.parametrize(
    ("text", "national", "tail"),
    [
        ("2.001474", "2.001474", None),
        ("1.012783.H19", "1.012783", "H19"),
        ("2.000815.000.00.00.H55", "2.000815", "000.00.00.H55"),
    ],
)
def test_procedure_codes_are_read_with_and_without_a_local_tail(
    text: str, national: str, tail: str | None
) -> None:
    code = parse_procedure_code(text)
    assert code is not None
    assert (code.national, code.tail) == (national, tail)


@pytest.mark.parametrize("text", ["", "2.00147", "2.0014745", "1.012783-Xoa", " 1.012783", "1.012783.H1"])
def test_what_is_no_procedure_code_is_not_read(text: str) -> None:
    assert parse_procedure_code(text) is None


@pytest.mark.parametrize(
    ("text", "authority", "order"),
    [("000.12.34.H07", "H07", "old"), ("H07.34.12", "H07", "new"), ("G09", "G09", "new")],
)
def test_unit_codes_name_their_province_or_ministry(text: str, authority: str, order: str) -> None:
    unit = parse_unit_code(text)
    assert unit is not None
    assert (unit.authority, unit.order) == (authority, order)


@pytest.mark.parametrize("text", ["", "BCA_CAX", "H24.60.4", "000.00.UB.003", "H07."])
def test_what_is_no_unit_code_is_not_read(text: str) -> None:
    assert parse_unit_code(text) is None
