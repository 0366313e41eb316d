"""Texts of outside systems: what writes the same in another way is read, what has two readings is not (pure).

Every reader takes any value of JSON and returns `""` for what is not set (null, empty, blanks). It raises
`ForeignTextError`, which holds nothing of the value, for what is no text: a truth value, a list, an object,
a broken number, half a surrogate pair, NUL and other control characters.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final

from hub.delivery.errors import ForeignTextError
from schemas.counting import has_more_values

_WIDE: Final = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
"""Full-width forms, as input methods of East Asia write them."""
_LOOK_ALIKE: Final = str.maketrans("ÐƉðɖ", "ĐĐđđ")
"""Eth and African D in place of the Vietnamese Đ; Vietnamese has neither."""
_DASHES: Final = dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SEPARATORS: Final = re.compile(r"[\s.\-()]")
_TRUNK_ZERO: Final = re.compile(r"^(\+[1-9][0-9]{0,2})\s*\(0\)")
_PHONE: Final = re.compile(
    r"0[35789][0-9]{8}|02[0-9]{9}|\+[0-9]{8,14}|84[235789][0-9]{8,9}|1[89]00[0-9]{4,6}"
)
"""What may come out when parts are joined: a whole number and nothing behind it, as an extension."""

_MAX_VALUES: Final = 5000
"""Far more than a call on a dossier with all its papers and payments holds."""


def read_object(raw: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a body; ValueError for anything else, and for a name that is given two values.

    One of very many values is not read at all: what reads it further names what is wrong with each of them.
    """
    if has_more_values(raw, _MAX_VALUES):
        raise ValueError("too many values")
    try:
        document = json.loads(raw, object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("no object")  # noqa: TRY004  one kind of error for whoever answers
    return document


def exact_text(value: object) -> str:
    """The text as it was written, a whole number as its digits: what a signature is made over."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        # The largest sums, times and numbers of people have far fewer digits.
        value = str(value) if abs(value) < 10**60 else None
    if not isinstance(value, str):
        raise ForeignTextError("no text")
    if not value.isprintable() and _CONTROL.search(value):
        raise ForeignTextError("control characters")
    return value


def text(value: object) -> str:
    """Free text of several lines: composed (NFC), the Vietnamese Đ, nothing invisible, no blanks around."""
    seen = "".join(sign for sign in exact_text(value) if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFC", seen).translate(_LOOK_ALIKE).strip()


def line(value: object) -> str:
    """A name, an address: as `text`, in one line, its words one blank apart."""
    return " ".join(text(value).split())


def code(value: object) -> str:
    """A code, an e-mail address: as `line`, full-width signs as plain ones; blanks within stay a fault."""
    return line(exact_text(value).translate(_WIDE))


def digits(value: object) -> str:
    """The number of a person or an enterprise, without blanks, dots and dashes between its digits.

    What is more than digits is returned as `code` returns it.
    """
    written = code(value)
    joined = _SEPARATORS.sub("", written.translate(_DASHES))
    return joined if joined.isdecimal() and joined.isascii() else written


def phone(value: object) -> str:
    """A telephone number without what is put between its digits.

    Two numbers in one field, and one with an extension, are left as they are: the field's own pattern
    refuses them.
    """
    written = code(value).translate(_DASHES)
    joined = _SEPARATORS.sub("", _TRUNK_ZERO.sub(r"\1", written))
    return joined if _PHONE.fullmatch(joined) else written


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and found[name] != value:
            raise ValueError("a name with two values")
        found[name] = value
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")
