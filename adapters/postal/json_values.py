"""The operator's JSON, read tolerantly: a value with two readings, or of no sensible size, is none (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hub.delivery.http import MOST_VALUES
from schemas.counting import has_more_values

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LONGEST: Final = 20
"""Signs of the longest whole number, with its own."""
_EXACT: Final = 2**53
"""Below it each whole number has a floating form of its own."""


def read_json(body: bytes) -> Any:
    """The document of a body; ValueError when it is none, and for one of very many values.

    None stands for a name with two values, for a number of more signs than any is read with, for NaN and
    Infinity: what holds such a value is judged by whoever needs it, the rest of the document is read.
    """
    if has_more_values(body, MOST_VALUES):
        raise ValueError("too many values")
    try:
        return json.loads(body, object_pairs_hook=_clear, parse_int=_bounded, parse_constant=_nothing)
    except RecursionError:
        raise ValueError("nested too deep") from None


def whole(value: object) -> int | None:
    """A whole number in any of the shapes that JSON writers of MongoDB give it; None for anything else.

    Text is its plain digits: no blanks, signs of grouping, zeros in front, or digits of another script.
    """
    if isinstance(value, Mapping):
        return whole(_unwrapped(value))
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else None
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10 ** (_LONGEST - 1) else None
    return None


def _unwrapped(value: Mapping[object, object]) -> object:
    if len(value) != 1:
        return None
    ((name, held),) = value.items()
    if name == "$date" and isinstance(held, Mapping):
        return held.get("$numberLong") if len(held) == 1 else None
    return held if name in {"$numberLong", "$numberInt", "$date"} and not isinstance(held, Mapping) else None


def _clear(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = value if name not in found or found[name] == value else None
    return found


def _bounded(text: str) -> int | None:
    return int(text) if len(text) <= _LONGEST else None


def _nothing(_: str) -> None:
    return None
