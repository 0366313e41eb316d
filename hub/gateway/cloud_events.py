"""CloudEvents over HTTP: binary, structured and batch mode in, the same out (pure).

The value that goes to Kafka is a slice of what was posted, never written anew: its digest is the sender's.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

import msgspec
from pydantic_core import from_json

from hub.facts.message import Headers, Message
from hub.gateway.problems import ProblemError
from hub.inbound.envelope import Envelope, Malformed, Record, decode
from schemas.counting import MAX_VALUES, has_more_values

BINARY = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject", "environment", "traceparent")
_TOLD = ("specversion", "id", "source", "type", "time", "subject")
_ID = re.compile(r"[!-~]{1,128}")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_UNQUOTED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted event as the Kafka record that it becomes; place and time are the broker's to give."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int = -1
    offset: int = -1
    timestamp: int = 0


class _Event(msgspec.Struct):
    """The JSON format; extensions that the hub does not know are ignored, as on Kafka."""

    specversion: str | None = None
    id: str | None = None
    source: str | None = None
    type: str | None = None
    time: str | None = None
    subject: str | None = None
    environment: str | None = None
    traceparent: str | None = None
    datacontenttype: str = BINARY
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None


_MEMBERS = frozenset(_Event.__struct_fields__)
_NO_EVENT = (msgspec.DecodeError, RecursionError, ValueError)
_one = msgspec.json.Decoder(_Event).decode
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode
_MAX_EVENT_VALUES = MAX_VALUES + 100
"""Of one event in the JSON format: its data, and attributes and extensions around it."""


def media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def read_binary(topic: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Posted:
    """Attributes from `ce-` headers (unquoted, percent-decoded), the body as it came."""
    found: list[tuple[str, bytes]] = []
    for raw, content in headers:
        name = raw.decode("latin-1").lower()
        if name.startswith("ce-"):
            found.append((f"ce_{name[3:]}", _attribute(content)))
        elif name in ("content-type", "traceparent"):
            found.append((name, content))
    known = {f"ce_{name}" for name in _ATTRIBUTES} | {"content-type", "traceparent"}
    kept = tuple((name, content) for name, content in found if name in known)
    subject = next((content for name, content in reversed(kept) if name == "ce_subject"), None)
    return Posted(topic, subject, body, kept)


def _attribute(content: bytes) -> bytes:
    """By the HTTP binding (3.1.3.2): a quoted string loses its quotes, then `%` sequences become bytes."""
    quoted = _QUOTED.fullmatch(content)
    return unquote_to_bytes(_ESCAPED.sub(rb"\1", quoted[1]) if quoted else content)


def read_structured(topic: str, body: bytes) -> Posted:
    """One event in the JSON format; the value is the slice of the body that `data` is."""
    return _posted(topic, _event(body, ""))


def read_batch(topic: str, body: bytes, max_events: int) -> list[Posted]:
    """The events of a batch, in order."""
    if has_more_values(body, max_events * _MAX_EVENT_VALUES):
        raise ProblemError("schema.too_many_values")
    try:
        slices = _slices(body)
    except _NO_EVENT as error:
        raise ProblemError("http.no_cloud_event", _path(error, "")) from None
    if len(slices) > max_events:
        raise ProblemError("http.batch_too_long")
    return [_posted(topic, _event(bytes(one), f"[{index}]")) for index, one in enumerate(slices)]


def _event(written: bytes, place: str) -> _Event:
    """One event; `place` is where it stands in a batch. Each member stands there once."""
    inside = f"{place}." if place else ""
    if has_more_values(written, _MAX_EVENT_VALUES):
        raise ProblemError("schema.too_many_values", (f"{inside}data",))
    try:
        event = _one(written)
        # As pairs: msgspec takes the last of two members without a word.
        members = [name for name, _ in json.loads(written, object_pairs_hook=tuple)]
    except _NO_EVENT as error:
        raise ProblemError("http.no_cloud_event", _path(error, place)) from None
    counted = Counter(name for name in members if name in _MEMBERS)
    repeated = [name for name, count in counted.items() if count > 1]
    if {"data", "data_base64"} <= counted.keys():
        repeated.append("data_base64")
    if repeated:
        raise ProblemError("envelope.repeated_attribute", tuple(inside + name for name in repeated))
    return event


def _posted(topic: str, event: _Event) -> Posted:
    texts = {name: getattr(event, name) for name in _ATTRIBUTES}
    headers = [(f"ce_{name}", _encoded(text)) for name, text in texts.items() if text is not None]
    headers.append(("content-type", _encoded(event.datacontenttype)))
    value = bytes(event.data)
    if event.data_base64 is not None:
        try:
            value = b64decode(event.data_base64, validate=True)
        except (binascii.Error, ValueError):
            raise ProblemError("http.no_cloud_event", ("data_base64",)) from None
    key = _encoded(event.subject) if event.subject is not None else None
    return Posted(topic, key, value, tuple(headers))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _path(error: Exception, place: str) -> tuple[str, ...]:
    """Where it is wrong, of msgspec's `... - at `$.time``; never what stands there."""
    _, found, path = str(error).rpartition(" - at `")
    inside = path.rstrip("`").removeprefix("$") if found else ""
    return (f"${place}{inside}",) if found or place else ()


def envelopes(posted: list[Posted], *, is_batch: bool) -> list[Envelope]:
    """What the engine will see; raises ProblemError for what it could only bury as a dead letter."""
    found: list[Envelope] = []
    for index, event in enumerate(posted):
        envelope = decode(event)
        place = f"[{index}]." if is_batch else ""
        if isinstance(envelope, Malformed):
            fields = envelope.fields or (("id",) if is_batch else ())
            raise ProblemError(envelope.code, tuple(place + name.removeprefix("ce_") for name in fields))
        if has_more_values(envelope.data, MAX_VALUES):
            raise ProblemError("schema.too_many_values", (f"{place}data",))
        if not _is_json(envelope.data):
            raise ProblemError("envelope.no_json", (f"{place}data",))
        found.append(envelope)
    return found


def _is_json(value: bytes) -> bool:
    """By the parser that the engine's models use, so that both find the same."""
    try:
        from_json(value)
    except ValueError:
        return False
    return True


def http_headers(message: Message) -> dict[str, str]:
    """A message's attributes as HTTP headers of binary mode, percent-encoded; its key is `partitionkey`."""
    found = {
        name.replace("ce_", "ce-", 1): content.decode() if name == "content-type" else _quoted(content)
        for name, content in message.headers
    }
    return found | {"ce-partitionkey": _quoted(message.key.encode())}


def _quoted(content: bytes) -> str:
    return quote(content.decode(), safe=_UNQUOTED)


def structured(message: Message) -> dict[str, object]:
    """A message in the JSON format; `data` is the value's bytes as they are."""
    return _structured(message.headers, message.key.encode(), message.value)


def _structured(headers: Headers, key: bytes, value: bytes) -> dict[str, object]:
    """As `structured`, of the parts of a record; the key is the extension `partitionkey` (CloudEvents)."""
    event: dict[str, object] = {
        name.removeprefix("ce_"): content.decode() for name, content in headers if name[:3] == "ce_"
    }
    content_type = next((content for name, content in headers if name == "content-type"), BINARY.encode())
    event["partitionkey"] = key.decode()
    event["datacontenttype"] = content_type.decode()
    event["data"] = msgspec.Raw(value)
    return event


def told(record: Record) -> dict[str, object] | None:
    """A record of an `out.` topic in the JSON format; None for whatever is no message of a hub."""
    if record.key is None or record.value is None:
        return None
    headers = [(name, content) for name, content in record.headers if content is not None]
    try:
        event = _structured(tuple(headers), record.key, record.value)
        data = from_json(record.value, allow_inf_nan=False)
    except ValueError:
        return None
    is_event = all(event.get(name) for name in _TOLD) and _ID.fullmatch(str(event["id"]))
    return event if is_event and isinstance(data, dict) else None
