"""What an outbox segment holds: whole messages, or the names of facts and receipts stored anyway (pure).

Whoever writes a segment of its own shard publishes it from memory, and its bytes are read only after a crash:
names are enough. Segments of others' shards are read for certain, and hold whole messages.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from hub.facts.message import Headers, Message


class FactEntry(Struct, frozen=True, gc=False, array_like=True, tag="fact"):
    """The record of a fact on `dossier.facts`."""

    dossier_id: str
    sequence: int


class CopyEntry(Struct, frozen=True, gc=False, array_like=True, tag="copy"):
    """What one receiver gets of a fact, with its personal fields opened; `subject` is its `ce_subject`."""

    receiver: str
    dossier_id: str
    sequence: int
    subject: str


class ReceiptEntry(Struct, frozen=True, gc=False, array_like=True, tag="receipt"):
    """The stored answer to a request."""

    participant: str
    request_id: str


class WholeEntry(Struct, frozen=True, gc=False, array_like=True, tag="whole"):
    """All of a message."""

    topic: str
    key: str
    headers: Headers
    value: bytes

    @classmethod
    def of(cls, message: Message) -> WholeEntry:
        """All of the message."""
        return cls(message.topic, message.key, message.headers, message.value)

    @property
    def message(self) -> Message:
        """The message of `of`."""
        return Message(self.topic, self.key, self.headers, self.value)


Entry = FactEntry | CopyEntry | ReceiptEntry | WholeEntry

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


def encode_segment(entries: Sequence[Entry]) -> bytes:
    """One segment as MessagePack, in the order of publishing."""
    return _encode(entries)


def decode_segment(payload: bytes) -> list[Entry]:
    """The entries of `encode_segment`."""
    return _decode(payload)
