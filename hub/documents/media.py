"""Media types by their first bytes: what a document says of itself is not believed (pure)."""

from __future__ import annotations

import re

HEAD_BYTES = 1024
"""How much of a document must be seen to tell its type."""

PACKAGE = "application/xml"
"""A signed package (docs/signing.md); no other XML is taken."""

ALLOWED: frozenset[str] = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", PACKAGE})

# PDF from version 1.4 on (Nghị định 30/2020/NĐ-CP).
_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"%PDF-(?:1\.[4-9]|2\.[0-9])"), "application/pdf"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+"), "image/tiff"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?<(?:[A-Za-z_][\w.-]*:)?SignedCopy[\s>]"),
        PACKAGE,
    ),
)


def media_type_of(head: bytes) -> str | None:
    """The type that the first `HEAD_BYTES` bytes show; None for any that is not taken."""
    return next((name for pattern, name in _PATTERNS if pattern.match(head)), None)
