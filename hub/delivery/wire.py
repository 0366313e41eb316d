"""Pure: records of `out.<adapter>` to messages, receipts or poison; reports to records of `in.<adapter>`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.delivery.adapter import OutMessage, Report
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED
from schemas.rfc3339 import read_rfc3339

Headers = Sequence[tuple[str, bytes]]

_ID = re.compile(r"[\x21-\x7e]{1,64}")
_NAME = re.compile(r"[\x21-\x7e]{1,256}")
_MAX_SEQUENCE = 2**62


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The hub's receipt for one of our reports; `refusal` is the code of a refused one."""

    request: str
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Poison:
    """Bytes that are no message of this topic; `why` is a stable word and holds nothing of the bytes."""

    why: str


Incoming = OutMessage | Confirmed | Poison


class _PoisonError(Exception):
    pass


def decode(key: bytes | None, headers: Headers, value: bytes | None, environment: str) -> Incoming:
    """Read one record in CloudEvents binary mode; never raises, whatever the bytes are."""
    try:
        return _decode(key, headers, value, environment)
    except _PoisonError as error:
        return Poison(str(error))


def check_report(report: Report) -> Report:
    """Return the report if it can be an envelope; `ValueError` names the attribute that cannot."""
    for name, pattern in (("id", _ID), ("type", _NAME), ("subject", _NAME)):
        if not pattern.fullmatch(getattr(report, name)):
            raise ValueError(f"report: bad {name}")
    if report.time.tzinfo is None:
        raise ValueError("report: time without zone")
    return report


def report_headers(report: Report, adapter: str, environment: str) -> dict[str, str]:
    """Return the CloudEvents headers of a report; the record's key is the subject."""
    return {
        "ce_specversion": "1.0",
        "ce_id": report.id,
        "ce_source": f"/participants/{adapter}",
        "ce_type": report.type,
        "ce_time": report.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_subject": report.subject,
        "ce_environment": environment,
        "content-type": "application/json",
    }


def _decode(key: bytes | None, headers: Headers, value: bytes | None, environment: str) -> Incoming:
    attributes = _attributes(headers)
    if attributes.get("ce_specversion") != "1.0":
        raise _PoisonError("no_cloudevent")
    if attributes.get("ce_environment", environment) != environment:
        raise _PoisonError("other_environment")
    if value is None:
        raise _PoisonError("no_value")
    kind = _matched(_NAME, attributes.get("ce_type"), "bad_type")
    if kind in {RECEIPT_ACCEPTED, RECEIPT_REFUSED}:
        return _receipt(kind, value)
    return OutMessage(
        id=_matched(_ID, attributes.get("ce_id"), "bad_id"),
        type=kind,
        dossier=_matched(_NAME, _text(key or b"", "bad_key"), "bad_key"),
        subject=_matched(_NAME, attributes.get("ce_subject"), "bad_subject"),
        sequence=_sequence(attributes.get("ce_sequence")),
        time=_time(attributes.get("ce_time")),
        data=_object_bytes(value),
        cause=_cause(attributes.get("ce_causationid")),
    )


def _attributes(headers: Headers) -> dict[str, str]:
    ours = [(name, _text(raw or b"", "bad_header")) for name, raw in headers if name.startswith("ce_")]
    attributes = dict(ours)
    if len(attributes) < len(ours):
        raise _PoisonError("repeated_header")
    return attributes


def _text(raw: bytes, why: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _PoisonError(why) from None


def _matched(pattern: re.Pattern[str], text: str | None, why: str) -> str:
    if text is None or not pattern.fullmatch(text):
        raise _PoisonError(why)
    return text


def _sequence(text: str | None) -> int:
    if text is None or not re.fullmatch(r"[0-9]{1,18}", text) or int(text) > _MAX_SEQUENCE:
        raise _PoisonError("bad_sequence")
    return int(text)


def _time(text: str | None) -> datetime:
    try:
        return read_rfc3339(text or "")
    except ValueError:
        raise _PoisonError("bad_time") from None


def _cause(text: str | None) -> str | None:
    return text if text is not None and _ID.fullmatch(text) else None


def _object(value: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        raise _PoisonError("bad_json") from None
    if not isinstance(parsed, dict):
        raise _PoisonError("bad_json")
    return parsed


def _object_bytes(value: bytes) -> bytes:
    _object(value)
    return value


def _receipt(kind: str, value: bytes) -> Confirmed | Poison:
    answer = _object(value)
    request = answer.get("request")
    if request is None and kind == RECEIPT_REFUSED:
        return Poison("receipt_without_request")
    if not isinstance(request, str) or not _ID.fullmatch(request):
        return Poison("bad_receipt")
    if kind == RECEIPT_ACCEPTED:
        return Confirmed(request, None)
    code = answer.get("code")
    return Confirmed(request, code if isinstance(code, str) and _NAME.fullmatch(code) else "unknown")
