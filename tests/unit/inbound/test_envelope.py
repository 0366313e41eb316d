"""The envelope rules, on bytes alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.facts.parking import StoredRecord
from hub.inbound.attributes import faults_of_attributes, has_all_right
from hub.inbound.envelope import MAX_VALUE_BYTES, Envelope, Malformed, decode, digest, participant_of
from tests.support.batches import record

GOOD = record("onestop.dossier.submit.v1", "ref:HS-1", b'{"a":1}', "e1")


def having(name: str, content: bytes | None) -> StoredRecord:
    """The good record with one header set (or null)."""
    headers = dict(GOOD.headers) | {name: content}
    return replace(GOOD, headers=tuple(headers.items()))  # type: ignore[arg-type]  # null is what brokers give


def decoded(item: StoredRecord) -> Envelope:
    envelope = decode(item)
    assert isinstance(envelope, Envelope), envelope
    return envelope


def malformed(item: StoredRecord) -> Malformed:
    why = decode(item)
    assert isinstance(why, Malformed), why
    return why


def test_a_good_record_is_read() -> None:
    envelope = decoded(having("ce_environment", b"test"))
    assert (envelope.id, envelope.type, envelope.subject) == ("e1", "onestop.dossier.submit.v1", "ref:HS-1")
    assert (envelope.source, envelope.environment) == ("/participants/counter-a", "test")
    assert envelope.time == datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert envelope.data == b'{"a":1}'


@pytest.mark.parametrize(
    "text", ["2026-11-23T09:00:00+07:00", "2026-11-23T02:00:00.000Z", "2026-11-22T21:00:00-05:00"]
)
def test_times_are_kept_in_utc(text: str) -> None:
    assert decoded(having("ce_time", text.encode())).time == datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [b"application/json", b"Application/JSON", b"application/json; charset=utf-8", b"application/json ;v=1"],
)
def test_the_content_type_is_compared_without_case_and_parameters(text: bytes) -> None:
    decoded(having("content-type", text))


def test_the_digest_covers_type_subject_environment_and_value() -> None:
    expected = sha256(b"onestop.dossier.submit.v1\x1fref:HS-1\x1f\x1f" + b'{"a":1}').digest()
    assert decoded(GOOD).digest == expected
    others = [
        digest("onestop.dossier.submit.v2", "ref:HS-1", None, b'{"a":1}'),
        digest("onestop.dossier.submit.v1", "ref:HS-2", None, b'{"a":1}'),
        digest("onestop.dossier.submit.v1", "ref:HS-1", "live", b'{"a":1}'),
        digest("onestop.dossier.submit.v1", "ref:HS-1", None, b'{"a": 1}'),
    ]
    assert len({expected, *others}) == 5


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("traceparent", b"00-aa-bb-01"),
        ("ce_traceparent", b"00-aa-bb-01"),
        ("tracestate", b"vendor=1"),
        ("ce_time", b"2026-11-23T01:00:00Z"),
        ("x-unknown", b"\xff"),
    ],
)
def test_the_digest_ignores_trace_headers_time_and_what_is_not_ours(name: str, content: bytes) -> None:
    assert decoded(having(name, content)).digest == decoded(GOOD).digest


def test_the_largest_value_is_taken_and_one_byte_more_is_not() -> None:
    assert isinstance(decode(replace(GOOD, value=b"1" * MAX_VALUE_BYTES)), Envelope)
    too_large = malformed(replace(GOOD, value=b"1" * (MAX_VALUE_BYTES + 1)))
    assert (too_large.code, too_large.id) == ("envelope.too_large", "e1")
    assert MAX_VALUE_BYTES == 262_144


@pytest.mark.parametrize("value", [rb'"a\\u0000"', rb'"\\\\u0000"', b'"u0000"'])
def test_a_backslash_before_u0000_is_no_nul(value: bytes) -> None:
    decoded(replace(GOOD, value=value))


@pytest.mark.parametrize(
    "value", [b"\x00", rb'"\u0000"', rb'"\\\u0000"', rb'{"\u0000":1}', rb'"a\\\\\u0000"']
)
def test_nul_is_found_raw_and_escaped(value: bytes) -> None:
    assert malformed(replace(GOOD, value=value)).code == "envelope.bad_text"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("ce_id", None, "envelope.missing_attribute"),
        ("ce_source", None, "envelope.missing_attribute"),
        ("ce_type", b"", "envelope.missing_attribute"),
        ("ce_subject", "ref:tên có dấu cách".encode(), "envelope.wrong_attribute"),
        ("ce_specversion", b"1", "envelope.wrong_attribute"),
        ("ce_time", b"2026-11-23", "envelope.bad_time"),
        ("ce_time", b"2026-13-01T00:00:00Z", "envelope.bad_time"),
        ("ce_time", b"99999-01-01T00:00:00Z", "envelope.bad_time"),
        ("ce_type", b"\xc3", "envelope.bad_text"),
        ("ce_environment", b"\xff", "envelope.bad_text"),
        ("traceparent", b"\xff", "envelope.bad_text"),
        ("content-type", b"text/json", "envelope.content_type"),
    ],
)
def test_a_wrong_header_is_named(name: str, content: bytes | None, code: str) -> None:
    why = malformed(having(name, content))
    assert why.code == code
    assert why.fields == (name,)


ONCE = [name for name, _ in GOOD.headers if name != "traceparent"] + ["ce_environment"]


@pytest.mark.parametrize("first", [b"x", b"", None])
@pytest.mark.parametrize("name", ONCE)
def test_an_attribute_that_stands_there_twice_is_named(name: str, first: bytes | None) -> None:
    good = having("ce_environment", b"live")
    twice = replace(good, headers=((name, first), *good.headers))  # type: ignore[arg-type]  # null is what brokers give
    why = malformed(twice)
    assert (why.code, why.fields) == ("envelope.repeated_attribute", (name,))
    assert why.id == (None if name == "ce_id" else "e1"), "nobody knows which of two ids is meant"


def test_the_same_attribute_with_the_same_text_is_twice_as_well() -> None:
    assert malformed(replace(GOOD, headers=GOOD.headers * 2)).code == "envelope.repeated_attribute"


@pytest.mark.parametrize("name", ["traceparent", "tracestate", "x-unknown"])
def test_other_headers_may_be_repeated(name: str) -> None:
    decoded(replace(GOOD, headers=(*GOOD.headers, (name, b"a"), (name, b"b"))))


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("2026-11-23t02:00:00z", True), ("2026-11-23T02:00:00.0000000000Z", True),
        ("2026-11-23T09:00:00+07:00:30", False), ("20261123T020000Z", False), ("2026-W48-1T02:00:00Z", False),
        ("2026-11-23T02:00:00,0Z", False), ("2026-11-23 02:00:00Z", False),
        ("0001-01-01T00:00:00+23:59", False),
    ],
)  # fmt: skip
def test_a_time_is_rfc_3339_and_nothing_else(text: str, is_time: bool) -> None:
    found = decode(having("ce_time", text.encode()))
    assert (
        (found.time == datetime(2026, 11, 23, 2, tzinfo=UTC)) if isinstance(found, Envelope) else not is_time
    )
    assert isinstance(found, Envelope) == is_time


def keyed(subject: str, key: bytes | None) -> StoredRecord:
    return replace(having("ce_subject", subject.encode()), key=key)


@pytest.mark.parametrize("number", ["310000001", "083090000001"])
@pytest.mark.parametrize("shape", ["{}", "ref:{}"])
def test_a_subject_or_key_shaped_like_an_identity_number_is_refused(number: str, shape: str) -> None:
    text = shape.format(number)
    assert malformed(keyed(text, text.encode())).code == "envelope.identity_in_key"
    assert malformed(keyed("ref:x", text.encode())).code == "envelope.identity_in_key"


@pytest.mark.parametrize(
    "subject",
    ["ref:12345678", "ref:1234567890", "ref:HS-083090000001-x", "000.12.34.H07-261123-0001", "ref:hồ-sơ-1",
     "019aa000-0000-8000-8000-000000000000"],
)  # fmt: skip
def test_other_numbers_are_good_subjects(subject: str) -> None:
    decoded(keyed(subject, subject.encode()))


@pytest.mark.parametrize("key", [None, b"", b"ref:HS-2", b"ref:HS-1 ", b"\xff"])
def test_the_key_is_the_subject_byte_for_byte(key: bytes | None) -> None:
    assert malformed(replace(GOOD, key=key)).code == "envelope.key_not_subject"


@pytest.mark.parametrize("text", ["a" * 65, "a b", "a\tb", "é", "a\x7f"])
def test_an_id_that_is_not_allowed_is_not_repeated(text: str) -> None:
    why = malformed(having("ce_id", text.encode()))
    assert (why.id, why.fields) == (None, ("ce_id",))


def told(item: StoredRecord) -> list[dict[str, Any]]:
    return [fault.model_dump(exclude_defaults=True) for fault in malformed(item).faults]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("ce_id", None, {"reason": "missing"}),
        ("ce_id", b"x" * 65, {"reason": "length"}),
        ("ce_id", b"a b", {"reason": "pattern"}),
        ("ce_subject", b"ref:a b", {"reason": "pattern"}),
        ("ce_subject", b"x" * 129, {"reason": "length"}),
        ("ce_specversion", b"1.1", {"reason": "choice", "choices": ("1.0",)}),
        ("ce_time", b"2026-11-23", {"reason": "date"}),
        ("ce_type", b"\xff", {"reason": "characters"}),
        ("content-type", b"text/xml",
         {"reason": "choice", "choices": ("application/json", "application/cloudevents+json")}),
        ("content-type", b"application/cloudevents-batch+json",
         {"reason": "choice", "choices": ("application/json", "application/cloudevents+json")}),
    ],
)  # fmt: skip
def test_each_place_says_in_one_word_what_is_wrong_with_it(
    name: str, content: bytes | None, fault: dict[str, Any]
) -> None:
    assert told(having(name, content)) == [{"path": name, **fault}]


def test_all_that_is_missing_and_wrong_is_told_at_once() -> None:
    changed = dict(GOOD.headers) | {"ce_id": b"a b", "ce_time": b"now", "content-type": b"text/xml"}
    del changed["ce_type"]
    why = malformed(replace(GOOD, headers=tuple(changed.items())))
    assert (why.code, why.id) == ("envelope.missing_attribute", None)
    assert why.fields == ("ce_id", "ce_type", "ce_time", "content-type")


@pytest.mark.parametrize("written", ["ce-id", "CE_ID", "Ce-Id", "cloudEvents:id", "cloudEvents_id"])
def test_an_attribute_under_another_name_is_told_the_right_one(written: str) -> None:
    headers = [(written if name == "ce_id" else name, content) for name, content in GOOD.headers]
    why = malformed(replace(GOOD, headers=tuple(headers)))
    assert why.code == "envelope.missing_attribute"
    assert told(replace(GOOD, headers=tuple(headers))) == [
        {"path": "ce_id", "reason": "name", "others": ("ce_id",)}
    ]


def test_the_key_is_told_what_it_differs_from() -> None:
    assert told(replace(GOOD, key=b"x")) == [{"path": "key", "reason": "differs", "others": ("ce_subject",)}]
    assert told(keyed("083090000001", b"x")) == [{"path": "key", "reason": "identity_number"}]


def test_a_misnamed_attribute_is_looked_for_among_the_first_headers_only() -> None:
    crowd = tuple((f"x{n}", b"") for n in range(200_000))
    bare = tuple(pair for pair in GOOD.headers if pair[0] != "ce_id")
    assert told(replace(GOOD, headers=(*crowd, ("ce-id", b"e1"), *bare))) == [
        {"path": "ce_id", "reason": "missing"}
    ]


SOME = st.sampled_from(
    [None, "", "1.0", "1.1", "e1", "a b", "x" * 65, "x" * 129, "ref:1", "application/json", "text/xml", "é"]
)


@given(st.fixed_dictionaries({name: SOME for name, _ in GOOD.headers}), st.booleans())
def test_the_short_way_to_a_good_envelope_finds_the_same_as_the_long_one(
    changed: dict[str, str | None], is_timely: bool
) -> None:
    headers = {name: content.decode() for name, content in GOOD.headers}
    headers |= {name: text for name, text in changed.items() if text is not None}
    time = datetime(2026, 11, 23, tzinfo=UTC) if is_timely and headers["ce_time"] else None
    there = {name: text for name, text in headers.items() if text}
    assert has_all_right(there, time) == (not faults_of_attributes(there, time))


def test_the_owner_of_a_topic_stands_behind_the_prefix() -> None:
    assert participant_of("in.counter-a") == "counter-a"
    assert participant_of("t1.in.counter-a", "t1.") == "counter-a"
