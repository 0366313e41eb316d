"""On which line of a JSON text something stands: for who has to correct it (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SIGN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\],:\n]|[^\s"{}\[\],:]+')

_DEEPEST = 50
"""No record goes so deep; what lies behind such a place has the line of what is before it."""


def line_of(text: str, path: str) -> int:
    """The line of a path as `data.cases[0].code`, or of what is nearest around it; 1 where nothing is."""
    found = {"": 1}
    for place, line in _places(text):
        found.setdefault(place, line)
    while path not in found:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return found[path]


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Each key and each entry of a list in the order of the text, as far as it is JSON."""
    around: list[tuple[str, int]] = []
    """What is open: the place of each object (-1) or list (the number of its entry)."""
    place, line, key, is_entry = "", 1, "", False
    for sign in _SIGN.findall(text):
        if sign == "\n":
            line += 1
            continue
        if is_entry and sign != "]":
            yield place, line
        is_entry = False
        if len(around) > _DEEPEST:
            return
        if sign in "{[":
            around.append((place, 0 if sign == "[" else -1))
            if sign == "[":
                place, is_entry = f"{place}[0]", True
        elif sign in "}]" and around:
            place = around.pop()[0]
        elif sign == "," and around and around[-1][1] >= 0:
            outer, number = around[-1]
            around[-1] = outer, number + 1
            place, is_entry = f"{outer}[{number + 1}]", True
        elif sign == ":" and around:
            place = f"{around[-1][0]}.{key}".strip(".")
            yield place, line
        elif sign.startswith('"'):
            key = sign[1:-1]
