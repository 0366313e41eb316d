"""Texts as paper and tables show them: signs that can be seen, on lines that the form makes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

_OFFICE_WORDS = frozenset({"reason", "explanation", "guidance"})
"""Texts of the office that issues the form: their lines are its own."""
_MOST_WRITTEN_OUT = 100
_MOST_LINES = 60
"""Of one text; what stands on further ones follows behind blanks."""


@cache
def font_signs() -> frozenset[int]:
    """The code points that every face of the font has; PDF/A takes no other."""
    folder = files("hub.forms").joinpath("fonts")
    faces = [one.read_bytes() for one in folder.iterdir() if one.name.endswith(".ttf")]
    return frozenset.intersection(*(frozenset(_mapped(_table(face))) for face in faces))


def seen(text: str, signs: frozenset[int] | None = None, *, keeps_lines: bool = False) -> str:
    """One line in which each sign shows: what has no picture is written out, as `[U+202E]`.

    So do signs that turn the direction of writing or show nothing, and with `signs` all but these. After the
    first hundred of them each run is one `[…]`: a text costs what its length costs, whatever stands in it.
    """
    if text.isprintable() and (signs is None or signs.issuperset(map(ord, text))):
        return text
    return "".join(_seen(text, signs, _MOST_LINES if keeps_lines else 0))


def _seen(text: str, signs: frozenset[int] | None, lines: int) -> Iterator[str]:
    left, is_in_run = _MOST_WRITTEN_OUT, False
    for sign in text:
        if sign.isspace() or (sign.isprintable() and (signs is None or ord(sign) in signs)):
            is_line = sign == "\n" and lines > 0
            lines -= is_line
            is_in_run = False
            yield "\n" if is_line else " " if sign.isspace() else sign
        elif left:
            left -= 1
            yield f"[U+{ord(sign):04X}]"
        elif not is_in_run:
            is_in_run = True
            yield "[…]"


def on_paper(value: Any, name: str = "") -> Any:
    """The same for all texts of a form's data."""
    if isinstance(value, str):
        return seen(value, font_signs(), keeps_lines=name in _OFFICE_WORDS)
    if isinstance(value, dict):
        return {key: on_paper(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [on_paper(one) for one in value]
    return value


def _table(font: bytes) -> bytes:
    """The subtable of a TrueType font (OpenType, `cmap`) that maps the Basic Multilingual Plane, format 4."""
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {
        tag: offset
        for tag, _, offset, _ in (struct.unpack_from(">4sLLL", font, 12 + 16 * n) for n in range(count))
    }
    start = tables[b"cmap"]
    (count,) = struct.unpack_from(">H", font, start + 2)
    maps = (struct.unpack_from(">HHL", font, start + 4 + 8 * n) for n in range(count))
    at = next(start + offset for platform, encoding, offset in maps if (platform, encoding) == (3, 1))
    return font[at:]


def _mapped(table: bytes) -> Iterator[int]:
    """The code points that have a glyph."""
    (twice,) = struct.unpack_from(">H", table, 6)
    ends, starts, deltas, ranges = (
        struct.unpack_from(f">{twice // 2}H", table, at)
        for at in (14, 16 + twice, 16 + 2 * twice, 16 + 3 * twice)
    )
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if ranges[index]:
                at = 16 + 3 * twice + 2 * index + ranges[index] + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", table, at)
            if glyph and (glyph + deltas[index]) & 0xFFFF:
                yield code
