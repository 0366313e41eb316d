"""Bytes that are no clean JSON, faults without values, and rules that join several fields."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import Wire
from schemas.dossier import SubmitDossier
from schemas.identity import Person
from schemas.party import Custodian, Party
from schemas.reasons import faults_of
from schemas.types import IDENTITY_SHAPE, Amount, Line


class Sample(Wire):
    line: Line = "x"
    amount: Amount = 0


@pytest.mark.parametrize(
    "raw",
    [
        b'{"line":"a\\ud800"}',
        b'{"line":"a\\udfff\\ud800"}',
        b'{"line":"\xed\xa0\x80"}',
        b'{"line":"\xff"}',
        b'{"line":"a',
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b"",
        b"null",
        b"[]",
        b'{"amount":NaN}',
        b'{"amount":1e400}',
    ],
)
def test_bytes_that_are_no_clean_json_object_are_refused(raw: bytes) -> None:
    assert Sample.model_validate_json(b'{"line":"a","amount":1}').amount == 1
    with pytest.raises(ValidationError):
        Sample.model_validate_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"applicant":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"unknown":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b"[" * 10_000,
    ],
)
def test_json_nested_ten_thousand_deep_is_refused_without_a_crash(raw: bytes) -> None:
    with pytest.raises(ValidationError) as raised:
        SubmitDossier.model_validate_json(raw)
    assert [error["type"] for error in raised.value.errors(include_input=False)] == ["json_invalid"]


def test_an_unknown_field_is_named_by_its_path_without_its_value() -> None:
    raw = b'{"kind":"citizen","name":"Th\xe1\xbb\xad","identity_number":"083090000001","nick":"083090000002"}'
    with pytest.raises(ValidationError) as raised:
        Party.model_validate_json(raw)
    assert [(fault.path, fault.reason) for fault in faults_of(raised.value.errors())] == [
        ("/nick", "unknown")
    ]


@pytest.mark.parametrize(
    ("text", "has_it"),
    [
        ("083090000001", True),
        ("320000001", True),
        ("ref:083090000001", True),
        ("cccd-320000001-x", True),
        ("H07.34.12-260105-0001", False),
        ("G09.20-20260609-0092637", False),
        ("0900000001", False),
        ("01234567890123", False),
    ],
)
def test_the_shape_of_an_identity_number_is_found_anywhere(text: str, has_it: bool) -> None:
    assert (IDENTITY_SHAPE.search(text) is not None) == has_it


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "citizen", "name": "Thử"},
        {"kind": "citizen", "name": "Thử", "tax_code": "0100233488"},
        {"kind": "enterprise", "name": "Công ty Thử"},
        {"kind": "enterprise", "name": "Công ty Thử", "identity_number": "083090000001"},
    ],
)
def test_a_party_is_identified_by_what_its_kind_needs(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Party.model_validate(data)


def test_a_person_to_be_checked_has_a_number_and_a_birth() -> None:
    assert Person(old_identity_number="320000001", name="Thử", birth_year=1960).birth_date is None
    with pytest.raises(ValidationError):
        Person(identity_number="083090000001", name="Thử")
    with pytest.raises(ValidationError):
        Person(name="Thử", birth_year=1960)


def test_a_custodian_names_an_organisation_exactly_when_it_is_one() -> None:
    assert Custodian(kind="post", name="Thử").organisation is None
    with pytest.raises(ValidationError):
        Custodian(kind="post", organisation="H07.34", name="Thử")
    with pytest.raises(ValidationError):
        Custodian(kind="organisation", name="Thử")
