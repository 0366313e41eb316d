"""Whatever bytes arrive: reading them never raises, and the answer is one of those that are published."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from hub.dossier.texts import all_texts
from hub.facts.parking import StoredRecord, decode_record, encode_record
from hub.inbound.authorise import Authorised, Reading, Unreadable, authorise
from hub.inbound.envelope import Envelope, Malformed, decode
from hub.legal_time import LegalClock
from schemas.registry import REQUESTS
from tests.support.batches import DIRECTORY, record
from tests.support.requests import SUBMIT, submission

READING = Reading(DIRECTORY, LegalClock(), "live", REQUESTS)
NAMES = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type",
         "ce_environment", "traceparent", "ce_traceparent"]  # fmt: skip
TEXTS = [b"1.0", b"e1", b"/participants/counter-a", SUBMIT.encode(), b"2026-11-23T02:00:00Z", b"ref:1",
         b"application/json", b"live", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
         b""]  # fmt: skip

any_bytes = st.binary(max_size=64) | st.none()
content = (
    any_bytes | st.sampled_from(TEXTS) | st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace"))
)
headers = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=10), content), max_size=14)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def records(draw: st.DrawFn) -> StoredRecord:
    return StoredRecord(
        "in.counter-a", 0, draw(st.integers(0, 2**62)), draw(st.integers(0, 2**42)), draw(any_bytes),
        draw(any_bytes), tuple(draw(headers)),  # type: ignore[arg-type]  # null is what brokers give
    )  # fmt: skip


def answer(item: StoredRecord) -> Authorised | Unreadable:
    found = authorise(item, READING)
    refusal = found.refusal if isinstance(found, Authorised) else None
    code = found.why.code if isinstance(found, Unreadable) else refusal.code if refusal else None
    assert code is None or code in all_texts()
    return found


@given(records())
def test_any_record_is_an_envelope_or_a_published_refusal(item: StoredRecord) -> None:
    decoded = decode(item)
    assert isinstance(decoded, Envelope | Malformed)
    answer(item)


@given(st.dictionaries(st.sampled_from(NAMES), content), any_bytes, any_bytes)
def test_a_good_record_with_any_headers_key_and_value_changed_is_answered(
    changed: dict[str, bytes | None], key: bytes | None, value: bytes | None
) -> None:
    good = record(SUBMIT, "ref:1", submission(), "e1")
    pairs: Any = tuple((dict(good.headers) | changed).items())
    for new_key, new_value in itertools.product((good.key, key), (good.value, value)):
        answer(StoredRecord("in.counter-a", 0, 1, 1_795_399_200_000, new_key, new_value, pairs))


@given(json_value, st.sampled_from(sorted(REQUESTS)))
def test_any_json_as_the_data_of_any_type_is_answered(data: object, event_type: str) -> None:
    for sender in ("counter-a", "agency-a"):
        answer(record(event_type, "ref:1", orjson.dumps(data), "e1", sender=sender))


@given(st.sampled_from(sorted(submission())), json_value)
def test_any_value_in_any_field_of_a_submission_is_answered_without_repeating_it(
    name: str, value: object
) -> None:
    found = answer(record(SUBMIT, "ref:1", orjson.dumps(submission() | {name: value}), "e1"))
    if isinstance(found, Authorised) and found.refusal is not None:
        assert all(field.split("/")[1] == name for field in found.refusal.fields)


@given(st.binary(max_size=40))
def test_trace_headers_and_time_never_count_for_the_digest(trace: bytes) -> None:
    plain = decode(record(SUBMIT, "ref:1", b"{}", "e1"))
    traced = decode(record(SUBMIT, "ref:1", b"{}", "e1", headers=[("x-trace", trace), ("tracestate", trace)]))
    assert isinstance(plain, Envelope)
    assert isinstance(traced, Envelope)
    assert plain.digest == traced.digest


@given(records())
def test_a_dead_letter_keeps_every_byte(item: StoredRecord) -> None:
    kept = decode_record(encode_record(item))
    assert (kept.key, kept.value, kept.offset) == (item.key, item.value, item.offset)
    assert [(n, v or b"") for n, v in kept.headers] == [(n, v or b"") for n, v in item.headers]
