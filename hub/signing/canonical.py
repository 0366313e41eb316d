"""Text and attributes as canonical XML writes them, so that what is built is what is signed (pure)."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64

from hub.signing.errors import VerificationError
from hub.signing.reason import Reason

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """Character data in canonical form; raises ValueError for characters that XML 1.0 cannot hold."""
    _check(value)
    return value.translate(_TEXT)


def attribute(value: str) -> str:
    """An attribute's value in canonical form, to stand between double quotes; raises ValueError."""
    _check(value)
    return value.translate(_ATTRIBUTE)


def element(name: str, value: str) -> str:
    """An element that holds only text."""
    return f"<{name}>{text(value)}</{name}>"


def base64(value: bytes) -> str:
    """On one line."""
    return b2a_base64(value, newline=False).decode("ascii")


def from_base64(value: str | bytes | None) -> bytes:
    """Strict: no white space, no stray character, canonical last digit; raises VerificationError."""
    if not value:
        raise VerificationError(Reason.BASE64)
    try:
        decoded = a2b_base64(value)
    except ValueError as error:
        raise VerificationError(Reason.BASE64) from error
    if b2a_base64(decoded, newline=False) != (value.encode() if isinstance(value, str) else value):
        raise VerificationError(Reason.BASE64)
    return decoded


def _check(value: str) -> None:
    if _FORBIDDEN.search(value):
        raise ValueError("a character that XML 1.0 cannot hold")
