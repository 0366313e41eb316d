"""Numbers and names in the operator's JSON: read in one way, or not at all; one of them spoils no other."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.postal.client import _answer
from adapters.postal.json_values import read_json, whole
from adapters.postal.tracking import parse_page
from hub.delivery.errors import EffectUnsureError
from hub.delivery.http import Reply


def answered(status: str) -> int:
    body = f'{{"Status": {status}, "Message": "Lỗi"}}'.encode()
    return _answer("order/post", Reply("order/post", 200, {}, body)).status


@pytest.mark.parametrize(
    "status", ["100", '"100"', "100.0", "1e2", '{"$numberInt": "100"}', '100, "Status": 100']
)
def test_a_status_is_read_as_the_whole_number_that_it_is(status: str) -> None:
    assert answered(status) == 100


@pytest.mark.parametrize(
    "status",
    [
        "100.9", "-0.5", '"100.9"', '"1_00"', '" 100"', '"0100"', '"１００"', "true", "null", '""', "[100]",
        "Infinity", "NaN", "1e999", "1e300", "9" * 20, "9" * 401, "9" * 5000, '"' + "9" * 401 + '"',
        '100, "Status": 500', '500, "Status": 100', '{"$numberInt": "100", "$numberLong": "500"}',
    ],
)  # fmt: skip
def test_a_status_of_two_readings_or_none_leaves_the_effect_unsure(status: str) -> None:
    with pytest.raises(EffectUnsureError):
        answered(status)


@pytest.mark.parametrize("body", [b"9" * 5000, b"[]", b'"100"', b"null", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_answer_leaves_the_effect_unsure(body: bytes) -> None:
    with pytest.raises(EffectUnsureError):
        _answer("order/post", Reply("order/post", 200, {}, body))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7), (-7, -7), (0, 0), ("0", 0), (7.0, 7), ("-7", -7), ({"$numberLong": "7"}, 7),
        ({"$date": {"$numberLong": "7"}}, 7), ({"$date": 7}, 7), (2**53, 2**53),
        (float(2**53), None), (True, None), ("7.0", None), ("+7", None), ("07", None), ("7\n", None),
        ({"$numberDouble": "7"}, None), ({"$date": {"$date": 7}}, None), ({}, None), ([7], None),
    ],
)  # fmt: skip
def test_a_whole_number_has_one_form_in_each_shape(value: Any, number: int | None) -> None:
    assert whole(value) == number


def test_a_name_with_two_values_is_none_and_the_same_value_twice_is_one() -> None:
    assert read_json(b'{"a": 1, "a": 2, "b": {"c": 1, "c": 1}, "d": 3}') == {"a": None, "b": {"c": 1}, "d": 3}


_GOOD = '{"_id": {"$oid": "%024x"}, "OrderNumber": "D1__C1", "EventTime": 1772416800, "StatusCode": 3}'


_SECOND = '"_id": {"$oid": "69a4ef205a9db0e0de000002"}, "OrderNumber": "D1__C1"'


@pytest.mark.parametrize(
    "record",
    [
        _SECOND + f', "StatusCode": {"9" * 5000}',
        _SECOND + f', "StatusCode": {"9" * 401}',
        _SECOND + ', "StatusCode": 3, "StatusCode": 4',
        _SECOND + ', "StatusCode": 1e999',
        f'"_id": {"9" * 5000}, "OrderNumber": "D1__C1", "StatusCode": 3',
    ],
)
def test_a_record_with_a_value_that_nobody_can_read_costs_no_other_record(record: str) -> None:
    first, last = _GOOD % 0x69A4EF20_5A9DB0E0_DE000001, _GOOD % 0x69A4EF20_5A9DB0E0_DE000003
    read = parse_page(f'{{"_embedded": {{"rh:doc": [{first}, {{{record}}}, {last}]}}}}'.encode())
    assert [record.id[-1] for record in read.records] == ["1", "3"]
    assert (read.returned, read.unreadable, read.last_id) == (3, 1, "69a4ef205a9db0e0de000003")


def test_an_event_time_of_thousands_of_digits_costs_only_the_time() -> None:
    body = '{"_embedded": {"rh:doc": [%s]}}' % (_GOOD % 0x69A4EF20_5A9DB0E0_DE000001)
    read = parse_page(body.replace("1772416800", "9" * 5000).encode())
    assert [record.is_timed for record in read.records] == [False]
