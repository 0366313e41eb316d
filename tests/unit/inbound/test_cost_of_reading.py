"""What one record costs is bounded, whatever its bytes are: counted in calls, not in time."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.facts.parking import StoredRecord
from hub.inbound.authorise import Authorised, Reading, authorise
from hub.inbound.envelope import MAX_VALUE_BYTES
from hub.legal_time import LegalClock
from schemas.counting import MAX_VALUES, has_more_values
from schemas.registry import REQUESTS
from tests.support.batches import DIRECTORY, submit
from tests.support.requests import submission

READING = Reading(DIRECTORY, LegalClock(), "live", REQUESTS)
MOST_CALLS = 8000
"""Of Python and C functions; a good submission takes about 150."""


def repeated(before: bytes, item: bytes, after: bytes) -> bytes:
    room = MAX_VALUE_BYTES - len(before) - len(after)
    return before + item * (room // len(item)) + after


CROWDED = {
    "empty objects": repeated(b'{"components":[', b"{},", b"{}]}"),
    "numbers": repeated(b'{"components":[', b"0,", b"0]}"),
    "texts": repeated(b'{"components":[', b'"",', b'""]}'),
    "lists in lists": repeated(b'{"components":[', b"[[]],", b"0]}"),
    "unknown fields": b"{" + b",".join(b'"%x":0' % n for n in range(25_000)) + b"}",
    "unknown fields inside": b'{"applicant":{' + b",".join(b'"%x":0' % n for n in range(25_000)) + b"}}",
    "one name again and again": repeated(b"{", b'"sets":"1",', b'"sets":1}'),
}
WITHIN = {
    "as many unknown fields as may be": b"{" + b",".join(b'"%x":0' % n for n in range(MAX_VALUES)) + b"}",
    "as many empty objects as may be": b'{"components":[' + b"{}," * (MAX_VALUES // 2 - 2) + b"{}]}",
    "a long text": b'{"summary":"' + b"," * 200_000 + b'"}',
    "a long escaped text": b'{"summary":"' + b'\\"' * 100_000 + b'"}',
    "a long name": b'{"' + b"[" * 200_000 + b'":1}',
    "a long number": b'{"sets":' + b"1" * 200_000 + b"}",
    "a text that never ends": b'{"summary":"' + b'\\",' * 80_000,
}


def calls_of(value: bytes | StoredRecord) -> tuple[int, str]:
    """How many functions are called until the record is refused, and with what code."""
    record = submit("e1", "ref:HS-1", value) if isinstance(value, bytes) else value
    seen = 0

    def count(_frame: FrameType, _event: str, _argument: Any) -> None:
        nonlocal seen
        seen += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = authorise(record, READING)
    finally:
        sys.setprofile(before)
    if isinstance(found, Authorised):
        assert found.refusal is not None
        assert len(found.refusal.fields) <= 20
        return seen, found.refusal.code
    return seen, found.why.code


@pytest.mark.parametrize("name", CROWDED)
def test_a_record_of_more_values_than_a_request_can_hold_is_refused_before_it_is_read(name: str) -> None:
    seen, code = calls_of(CROWDED[name])
    assert code == "schema.too_many_values"
    assert seen < 200


@pytest.mark.parametrize("name", WITHIN)
def test_what_is_read_costs_no_more_than_its_first_faults(name: str) -> None:
    seen, code = calls_of(WITHIN[name])
    assert code in ("schema.invalid", "schema.unknown_field", "envelope.no_json")
    assert seen < MOST_CALLS


@pytest.mark.parametrize("name", CROWDED | WITHIN)
@pytest.mark.parametrize("kind", [b"application/cloudevents+json", b"application/json"])
def test_an_event_in_one_piece_costs_no_more(name: str, kind: bytes) -> None:
    value = (CROWDED | WITHIN)[name]
    good = {header[3:]: content.decode() for header, content in submit("e1", "ref:HS-1", b"").headers}
    for whole in (value, orjson.dumps(good)[:-1] + b', "data": ' + value + b"}"):
        record = replace(submit("e1", "ref:HS-1", whole), headers=(("content-type", kind),))
        seen, code = calls_of(record)
        assert seen < MOST_CALLS
        assert code.startswith(("schema.", "envelope."))


def test_faults_beyond_what_anybody_corrects_by_hand_are_not_listed() -> None:
    listed = {f"x{n}": 0 for n in range(100)}
    found = authorise(submit("e1", "ref:HS-1", submission(**listed)), READING)
    assert isinstance(found, Authorised)
    assert found.refusal is not None
    assert (found.refusal.code, len(found.refusal.fields)) == ("schema.unknown_field", 1)
    _, code = calls_of(WITHIN["as many unknown fields as may be"])
    assert code == "schema.invalid"


@pytest.mark.parametrize("request_type", sorted(REQUESTS))
def test_the_largest_request_that_its_schema_allows_has_fewer_values(request_type: str) -> None:
    schema = REQUESTS[request_type].model_json_schema()
    assert most_values(schema, schema.get("$defs", {})) <= MAX_VALUES


def most_values(schema: dict[str, Any], named: dict[str, Any]) -> int:
    """Commas and opening brackets of the largest value; KeyError for a list without a published limit."""
    if "$ref" in schema:
        return most_values(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return max(most_values(one, named) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return int(schema["maxItems"]) * (1 + most_values(schema["items"], named))
    if schema.get("type") == "object":
        fields = schema["properties"].values()
        return max(1, len(fields)) + sum(most_values(field, named) for field in fields)
    return 0


@pytest.mark.parametrize(
    ("text", "is_more"),
    [
        (b'["a,b,c,d,e,f"]', False),
        (b'["a\\",[{,,,,,"]', False),
        (b"[1,2,3,4]", False),
        (b"[1,2,3,4,5]", True),
        (b'[{},{},"",""]', True),
        (b'{"a":{"b":[{}]}}', False),
        (b'{"a":"","a":"","a":"","a":"","a":""}', True),
    ],
)
def test_values_are_counted_outside_of_texts(text: bytes, is_more: bool) -> None:
    assert has_more_values(text, 4) == is_more


JSON = st.recursive(
    st.integers(0, 9) | st.text("a,[{", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("b,", max_size=2), inner, max_size=4),
    max_leaves=20,
)


def commas_and_brackets(value: object) -> int:
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    if inside is None:
        return 0
    return max(1, len(inside)) + sum(map(commas_and_brackets, inside))


@given(JSON, st.integers(1, 20))
@example([[], [], []], 5)
def test_every_text_of_json_is_counted_however_short_it_is(value: object, limit: int) -> None:
    text = orjson.dumps(value)
    assert has_more_values(text, limit) == (commas_and_brackets(value) > limit)
