"""CloudEvents over HTTP: binary, structured and batch mode in, the same out (pure).

The value that goes to Kafka is a slice of what was posted, never written anew: its digest is the sender's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

import msgspec
from pydantic_core import from_json

from hub.facts.message import Headers, Message
from hub.gateway.problems import ProblemError
from hub.inbound.attributes import each, named_rightly
from hub.inbound.envelope import Envelope, Malformed, Record, decode
from hub.inbound.json_event import ATTRIBUTES, MAX_EVENT_VALUES, JsonEvent, NoEvent, path_of, read_event
from schemas.counting import MAX_VALUES, has_more_values
from schemas.receipt import Fault

BINARY = "application/json"
RawHeaders = Iterable[tuple[bytes, bytes]]
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
    others: tuple[tuple[str, bytes], ...] = ()
    """Headers that the record does not have: an attribute under another name may be among them."""
    partition: int = -1
    offset: int = -1
    timestamp: int = 0


_NO_EVENT = (msgspec.DecodeError, RecursionError, ValueError)
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode
_HTTP_CODES = {"envelope.no_cloud_event": "http.no_cloud_event"}


def read_binary(topic: str, headers: RawHeaders, body: bytes) -> Posted:
    """Attributes from `ce-` headers (unquoted, percent-decoded), the body as it came."""
    found: list[tuple[str, bytes]] = []
    others: list[tuple[str, bytes]] = []
    for raw, content in headers:
        name = raw.decode("latin-1").lower()
        if name.startswith("ce-"):
            found.append((f"ce_{name[3:]}", _attribute(content)))
        elif name in ("content-type", "traceparent"):
            found.append((name, content))
        else:
            others.append((name, content))
    known = {f"ce_{name}" for name in ATTRIBUTES} | {"content-type", "traceparent"}
    kept = tuple((name, content) for name, content in found if name in known)
    subject = next((content for name, content in reversed(kept) if name == "ce_subject"), None)
    return Posted(topic, subject, body, kept, tuple(others))


def _attribute(content: bytes) -> bytes:
    """By the HTTP binding (3.1.3.2): a quoted string loses its quotes, then `%` sequences become bytes."""
    quoted = _QUOTED.fullmatch(content)
    return unquote_to_bytes(_ESCAPED.sub(rb"\1", quoted[1]) if quoted else content)


def read_structured(topic: str, body: bytes, headers: RawHeaders = ()) -> Posted:
    """One event in the JSON format; the value is the slice of the body that `data` is.

    What `headers` say of the event has to be the same, and to stand there once.
    """
    said = _said_once(topic, headers)
    event = _event(body, "")
    beside = {name: content for name, content in said if name.startswith("ce_")}
    texts = {f"ce_{name}": text.encode() for name, text in event.texts.items()}
    differing = tuple(name[3:] for name, content in beside.items() if texts.get(name) != content)
    if differing:
        raise ProblemError("envelope.repeated_attribute", faults=each(differing, "repeated"))
    return _posted(topic, event)


def _said_once(topic: str, headers: RawHeaders) -> tuple[tuple[str, bytes], ...]:
    """The headers that are ours; ProblemError for two of a name: some take the first, others the last."""
    said = read_binary(topic, headers, b"").headers
    counted = Counter(name for name, _ in said if name != "traceparent")
    if repeated := [name.removeprefix("ce_") for name, count in counted.items() if count > 1]:
        raise ProblemError("envelope.repeated_attribute", faults=each(repeated, "repeated"))
    return said


def read_batch(topic: str, body: bytes, max_events: int, headers: RawHeaders = ()) -> list[Posted]:
    """The events of a batch, in order."""
    _said_once(topic, headers)
    if has_more_values(body, max_events * MAX_EVENT_VALUES):
        raise ProblemError("schema.too_many_values")
    try:
        slices = _slices(body)
    except _NO_EVENT as error:
        raise ProblemError("http.no_cloud_event", path_of(error)) from None
    if len(slices) > max_events:
        raise ProblemError("http.batch_too_long")
    return [_posted(topic, _event(bytes(one), f"[{index}]")) for index, one in enumerate(slices)]


def _event(written: bytes, place: str) -> JsonEvent:
    """One event; `place` is where it stands in a batch."""
    inside = f"{place}." if place else ""
    if has_more_values(written, MAX_EVENT_VALUES):
        raise ProblemError("schema.too_many_values", (f"{inside}data",))
    event = read_event(written)
    if isinstance(event, NoEvent):
        paths = [f"${place}{name[1:]}" if name.startswith("$") else inside + name for name in event.fields]
        fields = tuple(paths) or ((f"${place}",) if place else ())
        reason = "repeated" if event.code == "envelope.repeated_attribute" else "type"
        raise ProblemError(_HTTP_CODES.get(event.code, event.code), faults=each(fields, reason))
    return event


def _posted(topic: str, event: JsonEvent) -> Posted:
    headers = [(f"ce_{name}", text.encode()) for name, text in event.texts.items()]
    headers.append(("content-type", (event.content_type or BINARY).encode()))
    subject = event.texts.get("subject")
    return Posted(topic, subject.encode() if subject is not None else None, event.value, tuple(headers))


def envelopes(posted: list[Posted], *, is_batch: bool) -> list[Envelope]:
    """What the engine will see; raises ProblemError for what it could only bury as a dead letter."""
    found: list[Envelope] = []
    for index, event in enumerate(posted):
        envelope = decode(event)
        place = f"[{index}]." if is_batch else ""
        if isinstance(envelope, Malformed):
            faults = named_rightly(envelope.faults, event.others, "ce-")
            fields = () if faults or not is_batch else (f"{place}id",)
            raise ProblemError(envelope.code, fields, faults=tuple(_over_http(one, place) for one in faults))
        if has_more_values(envelope.data, MAX_VALUES):
            raise ProblemError("schema.too_many_values", (f"{place}data",))
        if not _is_json(envelope.data):
            raise ProblemError("envelope.no_json", (f"{place}data",))
        found.append(envelope)
    return found


def _over_http(fault: Fault, place: str) -> Fault:
    """The fault with the names of attributes; the key is the subject here."""
    path = "subject" if fault.path == "key" else fault.path.removeprefix("ce_")
    others = tuple(name.removeprefix("ce_") for name in fault.others)
    return fault.model_copy(update={"path": place + path, "others": others})


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
