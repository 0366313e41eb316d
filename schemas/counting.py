"""How many values a JSON text holds, counted without building any of them (pure).

What a validator reports grows with the values, not with the bytes: 70,000 empty objects fit into 256 KiB.
"""

from __future__ import annotations

import re

MAX_VALUES = 1000
"""Of one request; the largest that the published schemas allow holds fewer."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def has_more_values(text: bytes | bytearray, limit: int) -> bool:
    """Whether the text holds more than `limit` values; what stands in strings does not count.

    Each value but the first of an array or object has a comma before it, so commas and opening brackets
    are counted; an empty one that follows another value counts twice. Takes any bytes; of a text that is JSON
    two in three are such marks at most (`[[],[]]`), so that one and a half times the limit cannot hold more.
    """
    if 2 * len(text) <= 3 * limit or _marks(text) <= limit:
        return False
    # A name and a value: two strings at most for each value, so more of them decide without the rest.
    most_strings = 2 * limit + 1
    bare, strings = _STRING.subn(b"", text, most_strings)
    return strings == most_strings or _marks(bare) > limit


def _marks(text: bytes | bytearray) -> int:
    return len(text) - len(text.translate(None, b",{["))
