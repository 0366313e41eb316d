"""One message on its way to a topic: in memory, and as the bytes that an outbox segment holds (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

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
        """Bytes (MessagePack) that `decode_message` reads; every byte of the value is kept."""
        return msgspec.msgpack.encode((self.topic, self.key, self.headers, self.value))


_Encoded = tuple[str, str, Headers, bytes]
_decode_one = msgspec.msgpack.Decoder(_Encoded).decode
_decode_many = msgspec.msgpack.Decoder(list[_Encoded]).decode


def decode_message(encoded: bytes) -> Message:
    """The message of `Message.encode`."""
    return Message(*_decode_one(encoded))


def encode_segment(encoded: Sequence[bytes]) -> bytes:
    """One segment of encoded messages, in order."""
    return msgspec.msgpack.encode([msgspec.Raw(message) for message in encoded])


def decode_segment(payload: bytes) -> list[Message]:
    """The messages of a segment, in order."""
    return [Message(*item) for item in _decode_many(payload)]


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
