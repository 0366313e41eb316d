"""Which dead letters are kept whole: by number and bytes of a participant; of the others what tells them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from hub.budget.allowance import Allowances, Use
from hub.facts.parking import encode_record
from hub.inbound.envelope import Record, Unstamped
from hub.settings.budget import BudgetSettings

_LONGEST_HEADER = 128
_MOST_HEADERS = 16
_LONGEST_KEY = 256
DIGEST, SIZE = "hub-value-sha256", "hub-value-bytes"
"""Headers that stand for a value which was not kept."""


class Letters:
    """What is kept now, as the store was last seen, with what this process added since."""

    def __init__(self, allowances: Allowances | None = None) -> None:
        self.allowances = allowances if allowances is not None else Allowances(BudgetSettings())
        self._kept: dict[str, Use] = {}

    def saw(self, kept: Mapping[str, Use]) -> None:
        """What the store keeps now."""
        self._kept = dict(kept)

    def added(self, owner: str, records: int, size: int) -> None:
        """So many more letters were stored."""
        self._kept[owner] = self._kept.get(owner, Use()).plus(records, size)

    def kept(self, owner: str) -> Use:
        """What is kept of this participant."""
        return self._kept.get(owner, Use())

    def names(self) -> set[str]:
        """Of whom something is kept."""
        return set(self._kept)

    def encode(self, record: Record, owner: str, beside: Use) -> bytes:
        """The bytes to keep of a record, `beside` what its batch keeps already."""
        allowance, kept = self.allowances.of(owner), self.kept(owner).plus(beside.records, beside.bytes)
        if kept.records < allowance.letters and kept.bytes < allowance.letter_bytes:
            whole = encode_record(record)
            if kept.bytes + len(whole) <= allowance.letter_bytes:
                return whole
        return encode_record(outline(record))


def outline(record: Record) -> Unstamped:
    """The record without its value: place, beginnings of key and headers, size and digest of the value."""
    headers = [
        (name[:_LONGEST_HEADER], (content or b"")[:_LONGEST_HEADER])
        for name, content in record.headers[:_MOST_HEADERS]
    ]
    if record.value is not None:
        headers.append((DIGEST, sha256(record.value).hexdigest().encode()))
        headers.append((SIZE, str(len(record.value)).encode()))
    key = record.key[:_LONGEST_KEY] if record.key is not None else None
    return Unstamped(record.topic, record.partition, record.offset, record.timestamp, key, None, headers)
