"""Records of an out. topic: messages, receipts, and bytes that are neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.delivery.adapter import OutMessage, Report
from hub.delivery.subscriber import is_newer
from hub.delivery.wire import Confirmed, Poison, check_report, decode, report_headers

GOOD = {
    "ce_specversion": b"1.0",
    "ce_id": b"m-1",
    "ce_source": b"/hub",
    "ce_type": b"onestop.pickup.ordered.v1",
    "ce_time": b"2026-03-10T08:00:00+07:00",
    "ce_subject": b"000.12.34.H07-260310-0001",
    "ce_sequence": b"7",
    "content-type": b"application/json",
}


def _decode(value: bytes | None = b'{"a":1}', key: bytes | None = b"d-1", **changed: bytes | None) -> object:
    headers = {**GOOD, **changed}
    return decode(key, [(name, raw) for name, raw in headers.items() if raw is not None], value, "live")


def test_a_fact_becomes_a_message_with_its_bytes_unchanged() -> None:
    assert _decode(b'{ "a" : 1 }') == OutMessage(
        id="m-1",
        type="onestop.pickup.ordered.v1",
        dossier="d-1",
        subject="000.12.34.H07-260310-0001",
        sequence=7,
        time=datetime(2026, 3, 10, 1, 0, tzinfo=UTC),
        data=b'{ "a" : 1 }',
    )


def test_receipts_name_our_report_and_the_code_of_a_refusal() -> None:
    accepted = b'{"request":"r-1","dossier":"d-1","facts":[],"added_later":1}'
    assert _decode(accepted, ce_type=b"onestop.receipt.accepted.v1", ce_sequence=None) == Confirmed(
        "r-1", None
    )
    refused = b'{"request":"r-1","code":"state.conflict"}'
    assert _decode(refused, ce_type=b"onestop.receipt.refused.v1") == Confirmed("r-1", "state.conflict")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ce_specversion": None}, "no_cloudevent"),
        ({"ce_specversion": b"0.3"}, "no_cloudevent"),
        ({"ce_id": None}, "bad_id"),
        ({"ce_id": b"a" * 65}, "bad_id"),
        ({"ce_id": b"a\x00b"}, "bad_id"),
        ({"ce_id": b"\xff\xfe"}, "bad_header"),
        ({"ce_subject": b""}, "bad_subject"),
        ({"ce_time": b"2026-03-10T08:00:00"}, "bad_time"),
        ({"ce_time": b"soon"}, "bad_time"),
        ({"ce_time": b"20260310T080000Z"}, "bad_time"),
        ({"ce_sequence": b"-1"}, "bad_sequence"),
        ({"ce_sequence": b"9" * 40}, "bad_sequence"),
        ({"ce_environment": b"test"}, "other_environment"),
        ({"key": b"\xff"}, "bad_key"),
        ({"key": None}, "bad_key"),
        ({"value": None}, "no_value"),
        ({"value": b"\xff\x00"}, "bad_json"),
        ({"value": b"[1]"}, "bad_json"),
        ({"value": b"[" * 100_000}, "bad_json"),
        ({"value": b'{"n":' + b"1" * 5000 + b"}"}, "bad_json"),
        ({"ce_type": b"onestop.receipt.accepted.v1", "value": b'{"request":5}'}, "bad_receipt"),
        ({"ce_type": b"onestop.receipt.refused.v1", "value": b'{"request":null}'}, "receipt_without_request"),
    ],
)
def test_bytes_that_are_no_message_are_poison_with_a_stable_reason(
    changed: dict[str, bytes | None], why: str
) -> None:
    assert _decode(**changed) == Poison(why)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"id": "a" * 65}, "id"),
        ({"id": "two words"}, "id"),
        ({"subject": "d\x00"}, "subject"),
        ({"type": ""}, "type"),
        ({"time": datetime(2026, 3, 10)}, "time without zone"),  # noqa: DTZ001 - what is refused
    ],
)
def test_a_report_that_cannot_be_an_envelope_is_refused_by_name(changed: dict[str, Any], name: str) -> None:
    good = Report("r-1", "t.v1", "d-1", datetime(2026, 3, 10, tzinfo=UTC), b"{}")
    assert check_report(good) is good
    with pytest.raises(ValueError, match=name):
        check_report(replace(good, **changed))


def test_a_report_is_a_cloudevent_in_utc_of_this_participant() -> None:
    at = datetime(2026, 3, 10, 8, 0, 30, tzinfo=timezone(timedelta(hours=7)))
    report = Report("r-1", "onestop.pickup.report.v1", "d-1", at, b"{}")
    assert report_headers(report, "postal", "test") == {
        "ce_specversion": "1.0",
        "ce_id": "r-1",
        "ce_source": "/participants/postal",
        "ce_type": "onestop.pickup.report.v1",
        "ce_time": "2026-03-10T01:00:30Z",
        "ce_subject": "d-1",
        "ce_environment": "test",
        "content-type": "application/json",
    }


@pytest.mark.parametrize(
    ("message_type", "newer"),
    [
        ("onestop.effect.wanted.v2", True),
        ("onestop.effect.wanted.v17", True),
        ("onestop.effect.wanted.v1", False),
        ("onestop.effect.other.v2", False),
        ("onestop.effect.wanted", False),
        ("onestop.effect.wanted.vx", False),
        ("onestop.effect.wanted.v²", False),
    ],
)
def test_only_a_later_version_of_a_handled_type_is_left_to_a_newer_adapter(
    message_type: str, *, newer: bool
) -> None:
    assert is_newer(message_type, lambda known: known == "onestop.effect.wanted.v1") is newer
