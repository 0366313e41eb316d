"""An event as one JSON object in the value of a record (structured mode), on bytes alone."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.facts.parking import StoredRecord, decode_record, encode_record
from hub.inbound.envelope import MAX_VALUE_BYTES, Envelope, Malformed, decode
from hub.inbound.json_event import MAX_EVENT_VALUES, JsonEvent, NoEvent, read_event
from schemas.counting import MAX_VALUES
from tests.support.batches import record

DATA = b'{ "a": [1,  2] }'
BINARY = record("onestop.dossier.submit.v1", "ref:HS-1", DATA, "e1")
EVENT = {
    "specversion": "1.0", "id": "e1", "source": "/participants/counter-a",
    "type": "onestop.dossier.submit.v1", "subject": "ref:HS-1",
    "time": "2026-11-23T02:00:00Z", "datacontenttype": "application/json",
}  # fmt: skip
STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)


def written(data: bytes = DATA, changed: Mapping[str, Any] | None = None, **more: Any) -> bytes:
    """The event as JSON, with the bytes of its data as they are."""
    event = EVENT | dict(changed or {}) | more
    members = [f"{json.dumps(name)}: {json.dumps(text)}".encode() for name, text in event.items()]
    return b"{" + b", ".join([*members, b'"data": ' + data]) + b"}"


def structured(value: bytes, headers: tuple[tuple[str, bytes], ...] = STRUCTURED) -> StoredRecord:
    return replace(BINARY, value=value, headers=headers)


def envelope(item: StoredRecord) -> Envelope:
    found = decode(item)
    assert isinstance(found, Envelope), found
    return found


def malformed(item: StoredRecord) -> Malformed:
    found = decode(item)
    assert isinstance(found, Malformed), found
    return found


def test_the_same_event_in_both_modes_is_one_envelope_with_one_digest() -> None:
    assert envelope(structured(written())) == envelope(BINARY)
    assert envelope(structured(written())).data == DATA


@pytest.mark.parametrize("data", [b'{"a":[1,2]}', b'{"a": [1, 2]}', b'{ "a": [1,  2], "b": 1 }'])
def test_other_bytes_of_the_data_are_another_request(data: bytes) -> None:
    assert envelope(structured(written(data))).digest != envelope(BINARY).digest


def test_time_and_what_the_hub_does_not_know_count_for_nothing() -> None:
    same = written(
        time="2026-11-23T01:00:00Z", traceparent="00-aa-bb-01", partitionkey="x", anything={"a": [1]}
    )
    assert envelope(structured(same)).digest == envelope(BINARY).digest


@pytest.mark.parametrize(
    "name", ["environment", "traceparent", "datacontenttype", "data_base64", "dataschema"]
)
def test_null_is_the_same_as_not_there(name: str) -> None:
    assert envelope(structured(written(changed={name: None}))) == envelope(BINARY)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_required_attribute_that_is_null_or_empty_is_missing(name: str, nothing: str | None) -> None:
    why = malformed(structured(written(changed={name: nothing})))
    assert (why.code, why.fields) == ("envelope.missing_attribute", (name,))
    assert why.id == (None if name == "id" else "e1")


def test_a_record_in_binary_mode_without_content_type_is_json() -> None:
    bare = replace(BINARY, headers=tuple(pair for pair in BINARY.headers if pair[0] != "content-type"))
    assert envelope(bare) == envelope(BINARY)
    beside = replace(bare, headers=(*bare.headers, ("ce_datacontenttype", b"application/json")))
    assert envelope(beside) == envelope(BINARY)
    other = malformed(replace(bare, headers=(*bare.headers, ("ce_datacontenttype", b"text/xml"))))
    assert (other.code, other.fields) == ("envelope.content_type", ("ce_datacontenttype",))


@pytest.mark.parametrize("headers", [(), (("content-type", b"application/json"),)])
def test_an_event_without_any_ce_header_is_read_as_one_piece(headers: tuple[tuple[str, bytes], ...]) -> None:
    event = written(datacontenttype=None)
    assert envelope(structured(event, headers)) == envelope(BINARY)
    no_event = malformed(structured(DATA, headers))
    assert (no_event.code, len(no_event.fields)) == ("envelope.missing_attribute", 6)


def test_data_in_base64_is_its_bytes() -> None:
    event = json.dumps(EVENT | {"data_base64": b64encode(DATA).decode()}).encode()
    assert envelope(structured(event)) == envelope(BINARY)


@pytest.mark.parametrize(
    "kind", ["application/cloudevents-batch+json", "application/CloudEvents-Batch+JSON; a=b"]
)
def test_a_batch_is_refused_by_name(kind: str) -> None:
    why = malformed(structured(b"[" + written() + b"]", (("content-type", kind.encode()),)))
    assert (why.code, why.fields) == ("envelope.batch", ("content-type",))


@pytest.mark.parametrize("kind", ["application/cloudevents", "application/cloudevents+avro"])
def test_another_format_is_refused_by_name(kind: str) -> None:
    why = malformed(structured(written(), (("content-type", kind.encode()),)))
    assert (why.code, why.fields) == ("envelope.content_type", ("content-type",))


def test_other_data_than_json_is_refused_by_name() -> None:
    why = malformed(structured(written(datacontenttype="text/xml")))
    assert (why.code, why.id, why.fields) == ("envelope.content_type", "e1", ("datacontenttype",))


@pytest.mark.parametrize("name", [*EVENT, "data"])
def test_a_member_that_stands_there_twice_is_named(name: str) -> None:
    why = malformed(structured(b"{" + json.dumps(name).encode() + b': "e1", ' + written()[1:]))
    assert (why.code, why.fields) == ("envelope.repeated_attribute", (name,))
    assert why.id == (None if name == "id" else "e1")


def test_data_in_two_forms_is_named() -> None:
    why = malformed(structured(written(data_base64="e30=")))
    assert (why.code, why.fields) == ("envelope.repeated_attribute", ("data_base64",))


def test_a_header_beside_the_event_must_say_the_same() -> None:
    same = (*STRUCTURED, ("ce_id", b"e1"), ("ce_type", EVENT["type"].encode()))
    assert envelope(structured(written(), same)) == envelope(BINARY)
    why = malformed(structured(written(), (*STRUCTURED, ("ce_id", b"e2"), ("ce_environment", b"live"))))
    assert (why.code, why.fields) == ("envelope.repeated_attribute", ("ce_id", "ce_environment"))
    twice = malformed(structured(written(), (*STRUCTURED, *STRUCTURED)))
    assert (twice.code, twice.fields) == ("envelope.repeated_attribute", ("content-type",))


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (b"", ()), (b"[]", ()), (b"1", ()), (b'{"id": 1}', ("$.id",)), (b'{"time": {}}', ("$.time",)),
        (b'{"id": "1"', ()), (b"\xff", ()), (b'{"id":"\\ud800"}', ()), (b"[" * 100_000, ()),
        (b'{"data":' + b"[" * 100_000, ()), (b'{"id": "1", "data_base64": "***"}', ("data_base64",)),
        (b'{"id": "1", "data": "\xff"}', ()), (b'{"a": "1\x00"}', ()),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_the_place_and_no_value(
    value: bytes, fields: tuple[str, ...]
) -> None:
    why = malformed(structured(value))
    assert (why.code, why.fields) == ("envelope.no_cloud_event", fields)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"id": "x" * 65}, "envelope.wrong_attribute", "id"),
        ({"subject": "ref:a b"}, "envelope.wrong_attribute", "subject"),
        ({"specversion": "1.1"}, "envelope.wrong_attribute", "specversion"),
        ({"time": "2026-11-23"}, "envelope.bad_time", "time"),
        ({"subject": "ref:HS-2"}, "envelope.key_not_subject", "key"),
        ({"subject": "083090000001"}, "envelope.identity_in_key", "key"),
    ],
)  # fmt: skip
def test_the_rules_of_the_envelope_hold_in_this_mode_too(
    change: dict[str, str], code: str, field: str
) -> None:
    why = malformed(structured(written(changed=change)))
    assert (why.code, why.fields) == (code, (field,))


def test_the_size_is_that_of_the_data() -> None:
    most = b'"' + b"x" * (MAX_VALUE_BYTES - 2) + b'"'
    assert len(envelope(structured(written(most))).data) == MAX_VALUE_BYTES
    why = malformed(structured(written(most.replace(b"x", b"xx", 1))))
    assert (why.code, why.id) == ("envelope.too_large", "e1")
    encoded = json.dumps(EVENT | {"data_base64": b64encode(b"1" * (MAX_VALUE_BYTES + 1)).decode()}).encode()
    assert malformed(structured(encoded)).code == "envelope.too_large"


CROWD = MAX_EVENT_VALUES + 1


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        (lambda: written(b"[" + b"0," * CROWD + b"0]"), True),
        (lambda: written(more=[0] * CROWD), False),
        (lambda: written(changed={f"x{n}": "1" for n in range(CROWD)}), False),
        (lambda: b"{" + b'"x": 1, ' * CROWD + written()[1:], False),
        (lambda: written(b"[" + b"0," * (MAX_VALUES - 2) + b"0]"), True),
    ],
)  # fmt: skip
def test_values_are_counted_before_any_is_built(change: Callable[[], bytes], is_read: bool) -> None:
    """Too many in the data are the matter of `authorise`, as in binary mode."""
    found = read_event(change())
    assert isinstance(found, JsonEvent) == is_read
    if isinstance(found, NoEvent):
        assert (found.code, found.id) == ("schema.too_many_values", "e1")


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*EVENT, "data", "data_base64", "environment", "x"]), any_json),
    st.sampled_from(
        [b"application/cloudevents+json", b"application/json", b"application/cloudevents", b"\xff"]
    ),
)
def test_any_object_in_any_mode_is_answered(event: dict[str, object], kind: bytes) -> None:
    found = decode(structured(json.dumps(event).encode(), (("content-type", kind),)))
    assert isinstance(found, Envelope | Malformed)


@given(st.binary(max_size=60))
def test_any_bytes_in_structured_mode_are_answered(value: bytes) -> None:
    assert isinstance(decode(structured(value)), Envelope | Malformed)


def test_what_is_kept_of_a_record_is_read_again_as_it_was() -> None:
    item = structured(written())
    assert envelope(decode_record(encode_record(item))) == envelope(item)
