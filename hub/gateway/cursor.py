"""Where a participant is in its feed: the next offset of each partition, opaque to it (pure)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

import msgspec

from hub.gateway.problems import ProblemError

Offsets = Mapping[int, int]
_decode = msgspec.json.Decoder(tuple[str, dict[int, int]]).decode
_MAX = 4096
_LARGEST = 1 << 62


def write_cursor(participant: str, offsets: Offsets) -> str:
    """The cursor as text that is safe in a URL and in a header."""
    packed = msgspec.json.encode((participant, dict(sorted(offsets.items()))))
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(participant: str, text: str) -> dict[int, int]:
    """The offsets of a cursor; raises ProblemError for one that was not written for this participant."""
    try:
        owner, offsets = _decode(
            urlsafe_b64decode(text[:_MAX].encode("ascii") + b"=" * (-len(text[:_MAX]) % 4))
        )
    except (ValueError, msgspec.DecodeError):
        raise ProblemError("feed.cursor", ("cursor",)) from None
    if owner != participant or not all(0 <= item <= _LARGEST for pair in offsets.items() for item in pair):
        raise ProblemError("feed.cursor", ("cursor",))
    return offsets
