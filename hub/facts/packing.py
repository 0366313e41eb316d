"""Columns of a batch as few long values, since encoding arrays took a tenth of the Python time (pure).

A text column is its values joined with U+001F, an empty one is null; bytes lie one behind the other in one
value, and their column holds places in it. `cut` and `piece` of the migrations take them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from hub.facts.integrity import CHECK_BYTES

SEPARATOR = "\x1f"
HASH_BYTES = 32

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_HASH = bytes(HASH_BYTES)
_NO_CHECK = bytes(CHECK_BYTES)


class Bytes:
    """Gathers the long values of a batch; `joined` is all of them."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def places(self, values: Iterable[bytes | None]) -> str:
        """Take the values of a column; `start * 2^32 + length` of each, counted from 1, as text."""
        places: list[str] = []
        for value in values:
            if value is None:
                places.append("")
                continue
            length = len(value)
            places.append(str(((self._size + 1) << 32) + length))
            self._parts.append(value)
            self._size += length
        return SEPARATOR.join(places)

    @property
    def joined(self) -> bytes:
        """Everything that was taken."""
        return b"".join(self._parts)


def texts(values: Iterable[str | None]) -> str:
    """Texts (no U+001F, none empty) as one."""
    return SEPARATOR.join([value or "" for value in values])


def numbers(values: Iterable[int]) -> str:
    """Integers as one text."""
    return SEPARATOR.join(map(str, values))


def hashes(values: Iterable[bytes | None]) -> bytes:
    """Digests of 32 bytes, one behind the other; none as zeros."""
    return b"".join([value or _NO_HASH for value in values])


def checks(values: Iterable[bytes | None]) -> bytes:
    """Checks of 16 bytes, one behind the other; none as zeros."""
    return b"".join([value or _NO_CHECK for value in values])


def moments(values: Iterable[datetime]) -> str:
    """Microseconds since 1970 as one text."""
    return SEPARATOR.join(map(_microseconds, values))


@lru_cache(maxsize=1024)
def _microseconds(moment: datetime) -> str:
    delta = moment - _EPOCH
    return str((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)
