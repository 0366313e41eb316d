"""One message on its way to a topic: in memory, and as the bytes of a stored receipt (pure)."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import Struct

from hub.errors import UntrustedRowError

HUB_SOURCE = "/participants/hub"

Headers = tuple[tuple[str, bytes], ...]


class Message(Struct, frozen=True, gc=False, array_like=True):
    """A Kafka record to be: topic, key (UTF-8 text), CloudEvents headers and the value's bytes (JSON)."""

    topic: str
    key: str
    headers: Headers
    value: bytes

    def encode(self) -> bytes:
        """Bytes (MessagePack) that `decode_message` reads; every byte of the value is kept."""
        return _encode(self)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


def decode_message(encoded: bytes) -> Message:
    """The message of `Message.encode`; `UntrustedRowError` for one of a version not known here."""
    try:
        return _decode(encoded)
    except msgspec.DecodeError:
        raise UntrustedRowError(
            "a stored message", "it is of a version that this program does not know"
        ) from None


def cloud_event(
    *, event_id: str, source: str, event_type: str, subject: str, time: str, extensions: Headers = ()
) -> Headers:
    """Headers of the CloudEvents Kafka binding in binary mode; extensions are headers already (`ce_*`)."""
    return (
        ("ce_id", event_id.encode()),
        ("ce_subject", subject.encode()),
        *_common(source, event_type, time),
        *extensions,
    )


@lru_cache(maxsize=4096)
def _common(source: str, event_type: str, time: str) -> Headers:
    """What many messages of a batch share."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", time.encode()),
        ("content-type", b"application/json"),
    )
