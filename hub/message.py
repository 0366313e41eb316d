"""One message on its way to a topic: in memory, and as the bytes that an outbox segment holds (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

HUB_SOURCE = "/participants/hub"

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be: topic, key (UTF-8 text), CloudEvents headers and the value's bytes (JSON)."""

    topic: str
    key: str
    headers: Headers
    value: bytes

    def encode(self) -> bytes:
        """JSON bytes that `decode_message` reads; the value is kept byte for byte."""
        headers = {name: value.decode() for name, value in self.headers}
        return orjson.dumps([self.topic, self.key, headers, self.value.decode()])


def decode_message(encoded: bytes) -> Message:
    """The message of `Message.encode`."""
    return _message(orjson.loads(encoded))


def encode_segment(encoded: Sequence[bytes]) -> bytes:
    """One segment of encoded messages, in order."""
    return b"[" + b",".join(encoded) + b"]"


def decode_segment(payload: bytes) -> list[Message]:
    """The messages of a segment, in order."""
    return [_message(item) for item in orjson.loads(payload)]


def cloud_event(
    *,
    event_id: str,
    source: str,
    event_type: str,
    subject: str,
    time: str,
    extensions: Iterable[tuple[str, str]],
) -> Headers:
    """Headers of the CloudEvents Kafka binding in binary mode."""
    attributes = (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", time.encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    )
    return attributes + tuple((f"ce_{name}", value.encode()) for name, value in extensions)


def _message(item: list[object]) -> Message:
    topic, key, headers, value = item
    assert isinstance(topic, str)
    assert isinstance(key, str)
    assert isinstance(headers, dict)
    assert isinstance(value, str)
    return Message(topic, key, tuple((name, text.encode()) for name, text in headers.items()), value.encode())
