"""Texts as a terminal and a log may show them, whoever wrote them: no sign in them is an order (pure)."""

from __future__ import annotations

_KEPT = "\n\t"
_ASTRAL = 0x10000


def visible(text: str) -> str:
    """The text with what is no sign on paper written out, as `U+001B` is; lines and tabs stay.

    Escape sequences, signs that turn the direction of writing, and half surrogate pairs are none.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _KEPT else _written_out(sign) for sign in text)


def visible_json(text: str) -> str:
    """The same of a JSON text: what is written out reads as the same value."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _escaped(sign) for sign in text)


def _written_out(sign: str) -> str:
    if sign.isspace() and ord(sign) >= 0xA0:
        return " "
    code = ord(sign)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _ASTRAL else f"\\U{code:08x}"


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code < _ASTRAL:
        return f"\\u{code:04x}"
    high, low = divmod(code - _ASTRAL, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
