"""Records that are no envelope: a dead letter with the bytes as they came, and a refusal to the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.support.counters import Counter, good_value, open_counter, pairs

Pair = tuple[str, bytes | None]
IDENTITY = "083090000001"
"""A synthetic identity number."""


@pytest.fixture(scope="module")
async def counter(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with open_counter(stack, tmp_path_factory.mktemp("bad-input")) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Bad:
    """A good submission with one thing wrong: what is changed, and the refusal that is expected."""

    code: str
    value: bytes | None = good_value()
    headers: Callable[[list[Pair]], list[Pair]] = list
    key: Callable[[bytes], bytes | None] = bytes
    subject: str | None = None
    fields: tuple[str, ...] = ()
    has_id: bool = True


def without(*names: str) -> Callable[[list[Pair]], list[Pair]]:
    return lambda headers: [pair for pair in headers if pair[0] not in names]


def having(name: str, content: bytes | None) -> Callable[[list[Pair]], list[Pair]]:
    return lambda headers: [*without(name)(headers), (name, content)]


def summary(raw: bytes) -> bytes:
    """A submission whose free text is these raw JSON bytes."""
    return good_value(summary="@").replace(b'"@"', raw)


STRUCTURED: Pair = ("content-type", b"application/cloudevents+json")
DEEP = b'{"a":' * 900 + b"1" + b"}" * 900

BAD = {
    "no JSON": Bad("envelope.no_json", b"xin ch\xc3\xa0o"),
    "JSON cut short": Bad("envelope.no_json", good_value()[:-1]),
    "nothing": Bad("envelope.no_json", None),
    "empty": Bad("envelope.no_json", b""),
    "900 levels deep": Bad("envelope.no_json", DEEP),
    "900 arrays deep in a text": Bad("envelope.no_json", summary(b"[" * 900 + b"]" * 900)),
    "Latin-1": Bad("envelope.no_json", summary(b'"caf\xe9"')),
    "escaped lone surrogate": Bad("envelope.no_json", summary(rb'"\ud800"')),
    "raw lone surrogate": Bad("envelope.no_json", summary(b'"\xed\xa0\x80"')),
    "raw NUL": Bad("envelope.bad_text", summary(b'"a\x00b"')),
    "escaped NUL": Bad("envelope.bad_text", summary(rb'"a\u0000b"')),
    "escaped NUL in a field's name": Bad("envelope.bad_text", rb'{"a\u0000":1}'),
    "more than 256 KiB": Bad("envelope.too_large", summary(b'"' + b"x" * 256 * 1024 + b'"')),
    "no headers": Bad(
        "envelope.missing_attribute",
        headers=lambda _: [],
        has_id=False,
        fields=("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"),
    ),
    "no ce_type": Bad("envelope.missing_attribute", headers=without("ce_type"), fields=("ce_type",)),
    "null ce_type": Bad("envelope.missing_attribute", headers=having("ce_type", None), fields=("ce_type",)),
    "empty ce_id": Bad(
        "envelope.missing_attribute", headers=having("ce_id", b""), fields=("ce_id",), has_id=False
    ),
    "ce_id of 65": Bad(
        "envelope.wrong_attribute", headers=having("ce_id", b"x" * 65), fields=("ce_id",), has_id=False
    ),
    "ce_id with a space": Bad(
        "envelope.wrong_attribute", headers=having("ce_id", b"a b"), fields=("ce_id",), has_id=False
    ),
    "CloudEvents 0.3": Bad(
        "envelope.wrong_attribute", headers=having("ce_specversion", b"0.3"), fields=("ce_specversion",)
    ),
    "subject with NUL": Bad("envelope.wrong_attribute", subject="ref:a\x00b", fields=("ce_subject",)),
    "subject of 129": Bad("envelope.wrong_attribute", subject="ref:" + "x" * 125, fields=("ce_subject",)),
    "source that is no UTF-8": Bad(
        "envelope.bad_text", headers=having("ce_source", b"\xff\xfe"), fields=("ce_source",)
    ),
    "time without zone": Bad(
        "envelope.bad_time", headers=having("ce_time", b"2026-11-23T08:00:00"), fields=("ce_time",)
    ),
    "time that is none": Bad(
        "envelope.bad_time", headers=having("ce_time", b"next monday"), fields=("ce_time",)
    ),
    "time outside the calendar": Bad(
        "envelope.bad_time", headers=having("ce_time", b"0001-01-01T00:00:00+14:00"), fields=("ce_time",)
    ),
    "time in the basic form of ISO 8601": Bad(
        "envelope.bad_time", headers=having("ce_time", b"20261123T080000Z"), fields=("ce_time",)
    ),
    "two ids": Bad(
        "envelope.repeated_attribute",
        headers=lambda headers: [*headers, ("ce_id", b"another")],
        fields=("ce_id",),
        has_id=False,
    ),
    "two types": Bad(
        "envelope.repeated_attribute",
        headers=lambda headers: [("ce_type", b"another"), *headers],
        fields=("ce_type",),
    ),
    "a batch": Bad(
        "envelope.batch",
        headers=lambda _: [("content-type", b"application/cloudevents-batch+json")],
        has_id=False,
        fields=("content-type",),
    ),
    "a structured event that is none": Bad(
        "envelope.no_cloud_event",
        headers=lambda _: [STRUCTURED],
        has_id=False,
        value=b'{"id": 1}',
        fields=("$.id",),
    ),
    "a structured event without time": Bad(
        "envelope.missing_attribute",
        headers=lambda _: [STRUCTURED],
        has_id=False,
        value=b'{"specversion": "1.0", "source": "a", "type": "a", "subject": "a"}',
        fields=("id", "time"),
    ),
    "content type of XML": Bad(
        "envelope.content_type", headers=having("content-type", b"application/xml"), fields=("content-type",)
    ),
    "no key": Bad("envelope.key_not_subject", key=lambda _: None, fields=("key",)),
    "another key": Bad("envelope.key_not_subject", key=lambda _: b"ref:another", fields=("key",)),
    "key of 12 digits": Bad("envelope.identity_in_key", key=lambda _: IDENTITY.encode(), fields=("key",)),
    "subject of 12 digits": Bad("envelope.identity_in_key", subject=IDENTITY, fields=("key",)),
    "subject of 9 digits": Bad("envelope.identity_in_key", subject="310000001", fields=("key",)),
    "reference of 12 digits": Bad("envelope.identity_in_key", subject=f"ref:{IDENTITY}", fields=("key",)),
    "reference of 9 digits": Bad("envelope.identity_in_key", subject="ref:310000001", fields=("key",)),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_record_that_is_no_envelope_is_kept_refused_and_stops_nobody(
    counter: Counter, name: str
) -> None:
    bad = BAD[name]
    subject = bad.subject or f"ref:{uuid4()}"
    sent = counter.headers(subject=subject)
    headers = bad.headers(list(pairs(sent)))
    key = bad.key(subject.encode())
    partition, offset = await counter.client.publish_raw(headers, key, bad.value)

    receipt = await counter.answer_at(partition, offset)
    assert receipt.type == "onestop.receipt.refused.v1"
    assert receipt.data["code"] == bad.code
    assert receipt.data.get("fields", []) == list(bad.fields)
    assert [fault["path"] for fault in receipt.data.get("faults", [])] == list(bad.fields)
    assert receipt.data["request"] == (sent["ce_id"] if bad.has_id else None)
    assert receipt.data["message_vi"]
    assert receipt.data["message_en"]
    assert await counter.inbox_row(sent["ce_id"]) is None

    letter = await counter.dead_letter(partition, offset)
    assert letter is not None
    reason, record = letter
    assert reason == bad.code
    assert (record.value, record.key) == (bad.value, key)
    assert [(n, v or b"") for n, v in record.headers] == [(n, v or b"") for n, v in headers]
    await counter.goes_on(partition)


async def test_a_refusal_of_an_identity_number_as_subject_does_not_repeat_it(counter: Counter) -> None:
    sent = counter.headers(subject=f"ref:{IDENTITY}")
    place = await counter.client.publish(sent, f"ref:{IDENTITY}".encode(), good_value())
    receipt = await counter.answer_at(*place)
    assert IDENTITY not in receipt.key
    assert IDENTITY not in "".join(receipt.headers.values())
    assert IDENTITY.encode() not in receipt.value


async def test_the_id_of_a_dead_letter_is_not_spent(counter: Counter) -> None:
    sent = counter.headers()
    place = await counter.client.publish(sent, sent["ce_subject"].encode(), b"no JSON")
    await counter.answer_at(*place)
    await counter.client.publish(sent, sent["ce_subject"].encode(), good_value())
    accepted = await counter.client.receipt_of_type(sent["ce_id"], "onestop.receipt.accepted.v1")
    assert accepted.data["request"] == sent["ce_id"]


async def test_headers_that_are_not_ours_are_ignored_whatever_their_bytes(counter: Counter) -> None:
    sent = counter.headers()
    headers = [*pairs(sent), ("b3", b"\xff\x00"), ("x-null", None), ("tên-lạ", "giá trị".encode())]
    await counter.client.publish_raw(headers, sent["ce_subject"].encode(), good_value())
    receipt = await counter.client.receipt(sent["ce_id"])
    assert receipt.type == "onestop.receipt.accepted.v1"


async def test_malformed_records_are_counted_by_code(counter: Counter) -> None:
    sent = counter.headers()
    place = await counter.client.publish(sent, b"ref:another", good_value())
    await counter.answer_at(*place)
    metrics = await counter.engine.metrics()
    label = 'hub_events_rejected_total{participant="counter-a",reason="envelope.key_not_subject"}'
    assert label in metrics
