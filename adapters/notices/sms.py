"""Length and alphabet of short messages (3GPP TS 23.038), and a text without its accents (pure)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("^{}\\[~]|€")
"""Each takes two places."""
_WHOLE: Final = {"GSM-7": 160, "UCS-2": 70}
_PART: Final = {"GSM-7": 153, "UCS-2": 67}
"""In a message of several parts each one begins with a header."""


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """A text as a provider counts it."""

    text: str
    encoding: Literal["GSM-7", "UCS-2"]
    parts: int


def short_message(text: str) -> ShortMessage:
    """Count the parts; one letter outside of GSM-7 makes all of it UCS-2."""
    places = [2 if sign in _EXTENSION else 1 for sign in text]
    if any(sign not in _BASIC and sign not in _EXTENSION for sign in text):
        places = [len(sign.encode("utf-16-be")) // 2 for sign in text]
        return ShortMessage(text, "UCS-2", _parts(places, "UCS-2"))
    return ShortMessage(text, "GSM-7", _parts(places, "GSM-7"))


def within(text: str, max_parts: int, *, is_unaccented: bool) -> ShortMessage | None:
    """With accents where that is short enough and wanted, else without; None when that is too long too."""
    for variant in (unaccented(text),) if is_unaccented else (text, unaccented(text)):
        found = short_message(variant)
        if found.parts <= max_parts:
            return found
    return None


def unaccented(text: str) -> str:
    """Vietnamese as it is typed without accents; other signs that GSM-7 lacks become `?`."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    base = "".join(sign for sign in plain if not unicodedata.combining(sign))
    base = base.replace("–", "-").replace("“", '"').replace("”", '"').replace("’", "'")
    return "".join(sign if sign in _BASIC or sign in _EXTENSION else "?" for sign in base)


def _parts(places: list[int], encoding: str) -> int:
    """No sign is divided between two parts."""
    if sum(places) <= _WHOLE[encoding]:
        return 1
    parts, used = 1, 0
    for size in places:
        if used + size > _PART[encoding]:
            parts, used = parts + 1, 0
        used += size
    return parts
