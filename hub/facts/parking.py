"""Requests that wait behind a bug: their record as sealed bytes, and back (pure)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

import msgspec
import orjson
from cryptography.exceptions import InvalidTag

from hub.errors import UntrustedRowError
from hub.facts.sealing import NONCE_BYTES, DossierKey
from hub.inbound.envelope import Record

DOCUMENTS_AWAY = "documents.away"
"""The reason of a request that waits for the store of documents; it is redriven when that answers."""

_Encoded = tuple[str, int, int, int, str | None, str | None, tuple[tuple[str, str | None], ...]]
_decode = msgspec.json.Decoder(_Encoded).decode


@dataclass(frozen=True, slots=True)
class ParkedItem:
    """One request to park: `bug.<exception>` or `DOCUMENTS_AWAY` the first, `queued` those behind it."""

    dossier_id: str
    participant: str
    request_id: str
    reason: str
    record: bytes


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that was kept: it keeps its topic, place and time of receipt."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def encode_record(record: Record) -> bytes:
    """The record as JSON bytes, whatever its own bytes are."""
    return orjson.dumps(
        [
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            _text(record.key),
            _text(record.value),
            [[name, _text(value)] for name, value in record.headers],
        ]
    )


def decode_record(encoded: bytes) -> StoredRecord:
    """The record of `encode_record`; `UntrustedRowError` for bytes that are none."""
    try:
        topic, partition, offset, timestamp, key, value, headers = _decode(encoded)
        pairs = tuple((name, _bytes(text) or b"") for name, text in headers)
        return StoredRecord(topic, partition, offset, timestamp, _bytes(key), _bytes(value), pairs)
    except (msgspec.DecodeError, ValueError):
        raise UntrustedRowError("a stored record", "it cannot be read") from None


def seal_record(record: Record, key: DossierKey, dossier_id: str) -> bytes:
    """The record sealed with its dossier's key."""
    return key.seal(encode_record(record), dossier_id.encode())


def open_record(sealed: bytes, key: DossierKey, dossier_id: str) -> StoredRecord:
    """The record of `seal_record`; `InvalidTag` for bytes that this key has not sealed."""
    if len(sealed) < NONCE_BYTES:
        raise InvalidTag
    return decode_record(key.open(sealed, dossier_id.encode()))


def _text(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
