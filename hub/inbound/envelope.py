"""From the raw bytes of one record to an envelope, or to the reason why it is none (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from hub.inbound.attributes import (
    CONTENT_TYPES,
    JSON,
    REQUIRED,
    code_of,
    content_type_fault,
    each,
    faults_of_attributes,
    has_all_right,
    is_id,
    is_identity_shaped,
    media_type,
    named_rightly,
    time_of,
)
from hub.inbound.json_event import ANY_FORMAT, BATCH, STRUCTURED, JsonEvent, NoEvent, read_event
from schemas.receipt import Fault

MAX_VALUE_BYTES = 256 * 1024
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ONCE = frozenset({*REQUIRED, *CONTENT_TYPES, "ce_environment"})
_KNOWN = _ONCE | {"ce_traceparent", "traceparent"}


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
    """Bytes that are no envelope: a dead letter; `code` is `envelope.*`, `id` the event's if readable."""

    code: str
    id: str | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The places that are at fault."""
        return tuple(fault.path for fault in self.faults)


@lru_cache(maxsize=4096)
def participant_of(topic: str, prefix: str = "") -> str:
    """The owner of an `in.<participant>` topic; `prefix` stands before all topics of this hub."""
    return topic.removeprefix(f"{prefix}in.")


def decode(record: Record) -> Envelope | Malformed:
    """Read one record, in binary or structured mode, by the envelope rules; never raises."""
    headers, unreadable, repeated = _known_headers(record.headers)
    content_type = headers.get("content-type", "")
    is_plain = content_type == JSON and "ce_id" in headers
    if not is_plain and "content-type" not in repeated:
        kind = media_type(content_type)
        if kind.startswith(ANY_FORMAT):
            return _in_json_format(record, headers, kind, unreadable + repeated)
        if not content_type or kind == JSON:
            event = _unannounced(record, headers)
            if event is not None:
                return _of_json(record, event)
    found = _envelope(headers, unreadable, repeated, record.key, record.value)
    if isinstance(found, Malformed) and found.code == "envelope.missing_attribute":
        return Malformed(found.code, found.id, named_rightly(found.faults, record.headers, "ce_"))
    return found


def _in_json_format(
    record: Record, headers: Mapping[str, str], kind: str, wrong: tuple[str, ...]
) -> Envelope | Malformed:
    """A record whose content type says that it is a whole event: structured mode, or what is not taken."""
    if kind != STRUCTURED:
        code = "envelope.batch" if kind == BATCH else "envelope.content_type"
        return Malformed(code, None, (content_type_fault("content-type"),))
    event = read_event(record.value or b"")
    if isinstance(event, NoEvent):
        event_id = event.id if event.id is not None and is_id(event.id) else None
        reason = "repeated" if event.code == "envelope.repeated_attribute" else "type"
        return Malformed(event.code, event_id, each(event.fields, reason))
    beside = {name: text for name, text in headers.items() if name.startswith("ce_")}
    differing = tuple(name for name, text in beside.items() if event.texts.get(name[3:]) != text)
    if wrong or differing:
        return Malformed("envelope.repeated_attribute", None, each((*wrong, *differing), "repeated"))
    return _of_json(record, event)


def _unannounced(record: Record, headers: Mapping[str, str]) -> JsonEvent | None:
    """A whole event under the content type of its data, as the Python SDK 1 writes it; no `ce_` header."""
    if "ce_id" in headers or not record.value or any(name.startswith("ce_") for name in headers):
        return None
    event = read_event(record.value)
    return event if isinstance(event, JsonEvent) and "specversion" in event.texts else None


def _of_json(record: Record, event: JsonEvent) -> Envelope | Malformed:
    texts = {f"ce_{name}": text for name, text in event.texts.items() if text}
    if event.content_type:
        texts["ce_datacontenttype"] = event.content_type
    found = _envelope(texts, (), (), record.key, event.value)
    if isinstance(found, Envelope):
        return found
    return Malformed(found.code, found.id, tuple(_as_member(fault) for fault in found.faults))


def _as_member(fault: Fault) -> Fault:
    others = tuple(name.removeprefix("ce_") for name in fault.others)
    return fault.model_copy(update={"path": fault.path.removeprefix("ce_"), "others": others})


def _envelope(
    headers: Mapping[str, str],
    unreadable: tuple[str, ...],
    repeated: tuple[str, ...],
    key: bytes | None,
    value: bytes | None,
) -> Envelope | Malformed:
    """The rules, on attributes under the names that they have as headers."""
    time = time_of(headers.get("ce_time", ""))
    if unreadable or repeated or not _is_all_right(headers, time, key, value):
        wrong = _what_is_wrong(headers, unreadable, repeated, time, key, value)
        if wrong is not None:
            return wrong
    assert time is not None
    assert value is not None
    kind, subject, environment = headers["ce_type"], headers["ce_subject"], headers.get("ce_environment")
    return Envelope(
        headers["ce_id"], headers["ce_source"], kind, subject, time, environment,
        headers.get("ce_traceparent") or headers.get("traceparent"), value,
        digest(kind, subject, environment, value),
    )  # fmt: skip


def _is_all_right(
    headers: Mapping[str, str], time: datetime | None, key: bytes | None, value: bytes | None
) -> bool:
    """Whether nothing is wrong, for the many of which that is so: True only then, False perhaps too."""
    return (
        value is not None
        and 0 < len(value) <= MAX_VALUE_BYTES
        and b"\x00" not in value
        and b"\\u0000" not in value
        and has_all_right(headers, time)
        and key == headers["ce_subject"].encode()
        and not is_identity_shaped(headers["ce_subject"])
    )


def _what_is_wrong(
    headers: Mapping[str, str],
    unreadable: tuple[str, ...],
    repeated: tuple[str, ...],
    time: datetime | None,
    key: bytes | None,
    value: bytes | None,
) -> Malformed | None:
    """The first rule that is broken, in the order of the published table."""
    event_id = headers.get("ce_id") if "ce_id" not in repeated else None
    if event_id is not None and not is_id(event_id):
        event_id = None
    if repeated:
        return Malformed("envelope.repeated_attribute", event_id, each(repeated, "repeated"))
    if value is not None and len(value) > MAX_VALUE_BYTES:
        return Malformed("envelope.too_large", event_id)
    if unreadable:
        return Malformed("envelope.bad_text", event_id, each(unreadable, "characters"))
    faults = faults_of_attributes(headers, time)
    if faults and code_of(faults) != "envelope.bad_time":
        return Malformed(code_of(faults), event_id, faults)
    wrong = _wrong_key(key, headers["ce_subject"])
    if wrong is not None:
        return Malformed(wrong.code, event_id, wrong.faults)
    if not value:
        return Malformed("envelope.no_json", event_id)
    if b"\x00" in value or _ESCAPED_NUL.search(value):
        return Malformed("envelope.bad_text", event_id)
    if time is None:
        return Malformed("envelope.bad_time", event_id, faults)
    return None


def digest(event_type: str, subject: str, environment: str | None, value: bytes) -> bytes:
    """SHA-256 over type, subject, environment and the value's bytes; trace headers do not count."""
    return sha256(f"{event_type}\x1f{subject}\x1f{environment or ''}\x1f".encode() + value).digest()


def _known_headers(
    headers: Sequence[tuple[str, bytes | None]],
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """What is ours (null and empty count as missing), which of it is no UTF-8, which stands there twice."""
    if len(headers) <= len(_KNOWN):
        try:
            texts = {name: content.decode() for name, content in headers if content}
        except UnicodeDecodeError:
            pass
        else:
            if len(texts) == len(headers) and texts.keys() <= _KNOWN:
                return texts, (), ()
    texts = {}
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


def _wrong_key(key: bytes | None, subject: str) -> Malformed | None:
    if is_identity_shaped(subject):
        return Malformed("envelope.identity_in_key", None, each(("key",), "identity_number"))
    if key == subject.encode():
        return None
    if key is not None and is_identity_shaped(key.decode("utf-8", "replace")):
        return Malformed("envelope.identity_in_key", None, each(("key",), "identity_number"))
    fault = Fault(path="key", reason="differs", others=("ce_subject",))
    return Malformed("envelope.key_not_subject", None, (fault,))
