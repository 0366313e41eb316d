"""One event in the JSON format of CloudEvents; its data is a slice of the text, never written anew (pure)."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections import Counter

import msgspec

from schemas.counting import MAX_VALUES, has_more_values

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ANY_FORMAT = "application/cloudevents"
ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject", "environment", "traceparent")
MAX_EVENT_VALUES = MAX_VALUES + 100
"""Of one event: its data, and attributes and extensions around it."""


class JsonEvent(msgspec.Struct, frozen=True, gc=False):
    """The attributes that are there, the bytes of the data, and what the event says they are."""

    texts: dict[str, str]
    content_type: str | None
    value: bytes


class NoEvent(msgspec.Struct, frozen=True, gc=False):
    """Why the text is no event: `code` is that of the refusal, `id` the event's if it could be read.

    `fields` are names of members, or paths that begin with `$`.
    """

    code: str
    id: str | None = None
    fields: tuple[str, ...] = ()


class _Event(msgspec.Struct):
    """Null is the same as not there; extensions that the hub does not know are ignored."""

    specversion: str | None = None
    id: str | None = None
    source: str | None = None
    type: str | None = None
    time: str | None = None
    subject: str | None = None
    environment: str | None = None
    traceparent: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None


_MEMBERS = frozenset(_Event.__struct_fields__)
_NO_EVENT = (msgspec.DecodeError, RecursionError, ValueError)
_decode = msgspec.json.Decoder(_Event).decode


def read_event(written: bytes) -> JsonEvent | NoEvent:
    """Read one event; never raises. Each member stands there once, and what is counted is not built."""
    try:
        event = _decode(written)
    except _NO_EVENT as error:
        return NoEvent("envelope.no_cloud_event", None, path_of(error))
    if has_more_values(written, MAX_EVENT_VALUES):
        if not has_more_values(bytes(event.data), MAX_VALUES):
            return NoEvent("schema.too_many_values", event.id)
        return _read(event)
    try:
        repeated = _repeated(written, event)
    except _NO_EVENT:
        return NoEvent("envelope.no_cloud_event", event.id)
    if repeated:
        return NoEvent("envelope.repeated_attribute", None if "id" in repeated else event.id, repeated)
    return _read(event)


def _read(event: _Event) -> JsonEvent | NoEvent:
    found = {name: text for name in ATTRIBUTES if (text := getattr(event, name)) is not None}
    if event.data_base64 is None:
        return JsonEvent(found, event.datacontenttype, bytes(event.data))
    try:
        return JsonEvent(found, event.datacontenttype, b64decode(event.data_base64, validate=True))
    except (binascii.Error, ValueError):
        return NoEvent("envelope.no_cloud_event", event.id, ("data_base64",))


def _repeated(written: bytes, event: _Event) -> tuple[str, ...]:
    """Members that stand there twice: msgspec takes the last of two without a word."""
    pairs = json.loads(written, object_pairs_hook=tuple, parse_int=str, parse_float=str)
    counted = Counter(name for name, _ in pairs if name in _MEMBERS)
    repeated = [name for name, count in counted.items() if count > 1]
    if event.data_base64 is not None and bytes(event.data) not in (b"", b"null"):
        repeated.append("data_base64")
    return tuple(repeated)


def path_of(error: Exception) -> tuple[str, ...]:
    """Where it is wrong, of msgspec's `... - at `$.time``; never what stands there."""
    _, found, path = str(error).rpartition(" - at `")
    return (path.rstrip("`"),) if found else ()
