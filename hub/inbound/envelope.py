"""From the raw bytes of one record to an envelope, or to the reason why it is none (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from hub.inbound.json_event import ANY_FORMAT, BATCH, STRUCTURED, JsonEvent, NoEvent, read_event
from schemas.rfc3339 import read_rfc3339
from schemas.types import IDENTITY_SHAPE

MAX_VALUE_BYTES = 256 * 1024
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject")
_REQUIRED_NAMES = frozenset(_REQUIRED)
_JSON = "application/json"
_ONCE = frozenset({*_REQUIRED, "ce_environment", "ce_datacontenttype", "content-type"})
_KNOWN = _ONCE | {"ce_traceparent", "traceparent"}
_CONTENT_TYPES = ("content-type", "ce_datacontenttype")
"""The second is what the JavaScript SDK writes beside the first."""
_MEMBER_OF = {name: name.removeprefix("ce_") for name in _ONCE} | {"content-type": "datacontenttype"}


class Record(Protocol):
    """What intake hands on: a Kafka record, with its append time in milliseconds."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A record without the broker's append time, or with an impossible one; `timestamp`: when it was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Envelope(Struct, frozen=True, gc=False):
    """The CloudEvents attributes of a request, its raw JSON, and the digest that tells repeats from reuse."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    environment: str | None
    traceparent: str | None
    data: bytes
    digest: bytes


class Malformed(Struct, frozen=True, gc=False):
    """Bytes that are no envelope: a dead letter; `code` is `envelope.*`, `id` the ce_id if readable."""

    code: str
    id: str | None = None
    fields: tuple[str, ...] = ()


def participant_of(topic: str, prefix: str = "") -> str:
    """The owner of an `in.<participant>` topic; `prefix` stands before all topics of this hub."""
    return topic.removeprefix(f"{prefix}in.")


def decode(record: Record) -> Envelope | Malformed:
    """Read one record, in binary or structured mode, by the envelope rules; never raises."""
    headers, unreadable, repeated = _known_headers(record.headers)
    content_type = headers.get("content-type", "")
    if "content-type" not in repeated:
        kind = media_type(content_type) if content_type != _JSON else _JSON
        if kind.startswith(ANY_FORMAT):
            return _in_json_format(record, headers, kind, unreadable + repeated)
        if not content_type or kind == _JSON:
            event = _unannounced(record, headers)
            if event is not None:
                return _of_json(record, event)
    return _envelope(headers, unreadable, repeated, record.key, record.value)


def media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def _in_json_format(
    record: Record, headers: Mapping[str, str], kind: str, wrong: tuple[str, ...]
) -> Envelope | Malformed:
    """A record whose content type says that it is a whole event: structured mode, or what is not taken."""
    if kind == BATCH:
        return Malformed("envelope.batch", None, ("content-type",))
    if kind != STRUCTURED:
        return Malformed("envelope.content_type", None, ("content-type",))
    event = read_event(record.value or b"")
    if isinstance(event, NoEvent):
        event_id = event.id if event.id is not None and _is_id(event.id) else None
        return Malformed(event.code, event_id, event.fields)
    beside = {name: text for name, text in headers.items() if name.startswith("ce_")}
    differing = tuple(name for name, text in beside.items() if event.texts.get(name[3:]) != text)
    if wrong or differing:
        return Malformed("envelope.repeated_attribute", None, (*wrong, *differing))
    return _of_json(record, event)


def _unannounced(record: Record, headers: Mapping[str, str]) -> JsonEvent | None:
    """A whole event under the content type of its data, as the Python SDK 1 writes it; no `ce_` header."""
    if any(name.startswith("ce_") for name in headers) or not record.value:
        return None
    event = read_event(record.value)
    return event if isinstance(event, JsonEvent) and "specversion" in event.texts else None


def _of_json(record: Record, event: JsonEvent) -> Envelope | Malformed:
    texts = {f"ce_{name}": text for name, text in event.texts.items() if text}
    if event.content_type:
        texts["content-type"] = event.content_type
    found = _envelope(texts, (), (), record.key, event.value)
    if isinstance(found, Envelope):
        return found
    return Malformed(found.code, found.id, tuple(_MEMBER_OF.get(name, name) for name in found.fields))


def _envelope(
    headers: Mapping[str, str],
    unreadable: tuple[str, ...],
    repeated: tuple[str, ...],
    key: bytes | None,
    value: bytes | None,
) -> Envelope | Malformed:
    """The rules, on attributes under the names that they have as headers."""
    missing = _REQUIRED_NAMES - headers.keys()
    event_id = headers.get("ce_id") if "ce_id" not in repeated else None
    if event_id is not None and not _is_id(event_id):
        return Malformed("envelope.missing_attribute", fields=("ce_id",))
    if repeated:
        return Malformed("envelope.repeated_attribute", event_id, repeated)
    if value is not None and len(value) > MAX_VALUE_BYTES:
        return Malformed("envelope.too_large", event_id)
    if unreadable:
        return Malformed("envelope.bad_text", event_id, unreadable)
    if missing or headers["ce_specversion"] != "1.0":
        return Malformed("envelope.missing_attribute", event_id, _in_order(missing) or ("ce_specversion",))
    foreign = tuple(name for name in _CONTENT_TYPES if not _is_json(headers.get(name, _JSON)))
    if foreign:
        return Malformed("envelope.content_type", event_id, foreign)
    subject = headers["ce_subject"]
    if not _is_subject(subject):
        return Malformed("envelope.missing_attribute", event_id, ("ce_subject",))
    wrong = _wrong_key(key, subject)
    if wrong is not None:
        return Malformed(wrong, event_id, ("key",))
    if not value:
        return Malformed("envelope.no_json", event_id)
    if b"\x00" in value or (b"\\u0000" in value and _ESCAPED_NUL.search(value)):
        return Malformed("envelope.bad_text", event_id)
    time = _time(headers["ce_time"])
    if time is None:
        return Malformed("envelope.bad_time", event_id, ("ce_time",))
    assert event_id is not None
    environment = headers.get("ce_environment")
    return Envelope(
        event_id, headers["ce_source"], headers["ce_type"], subject, time, environment,
        headers.get("ce_traceparent") or headers.get("traceparent"), value,
        digest(headers["ce_type"], subject, environment, value),
    )  # fmt: skip


def digest(event_type: str, subject: str, environment: str | None, value: bytes) -> bytes:
    """SHA-256 over type, subject, environment and the value's bytes; trace headers do not count."""
    digest = sha256(f"{event_type}\x1f{subject}\x1f{environment or ''}\x1f".encode())
    digest.update(value)
    return digest.digest()


def _known_headers(
    headers: Sequence[tuple[str, bytes | None]],
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """What is ours (null and empty count as missing), which of it is no UTF-8, which stands there twice."""
    texts: dict[str, str] = {}
    unreadable: list[str] = []
    ours = 0
    for name, content in headers:
        if name in _KNOWN:
            ours += 1
            if content:
                try:
                    texts[name] = content.decode()
                except UnicodeDecodeError:
                    unreadable.append(name)
    return texts, tuple(unreadable), _repeated(headers) if ours > len(texts) else ()


def _repeated(headers: Iterable[tuple[str, bytes | None]]) -> tuple[str, ...]:
    """Attributes that stand there twice: one reader would take the first, another the last."""
    counted = Counter(name for name, _ in headers if name in _ONCE)
    return tuple(name for name, count in counted.items() if count > 1)


def _in_order(missing: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in _REQUIRED if name in missing)


def _is_json(content_type: str) -> bool:
    return content_type == _JSON or media_type(content_type) == _JSON


def _is_id(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isascii() and text.isprintable() and " " not in text


def _wrong_key(key: bytes | None, subject: str) -> str | None:
    if _is_identity_shaped(subject):
        return "envelope.identity_in_key"
    if key == subject.encode():
        return None
    if key is not None and _is_identity_shaped(key.decode("utf-8", "replace")):
        return "envelope.identity_in_key"
    return "envelope.key_not_subject"


def _is_subject(text: str) -> bool:
    return len(text) <= 128 and text.isprintable() and " " not in text


def _is_identity_shaped(text: str) -> bool:
    name = text.removeprefix("ref:")
    return IDENTITY_SHAPE.fullmatch(name) is not None


def _time(text: str) -> datetime | None:
    try:
        return read_rfc3339(text).astimezone(UTC)
    except ValueError:
        return None
