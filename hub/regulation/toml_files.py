"""A TOML file of the regulation: read whole, every mistake with its line and key (pure)."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from hub.regulation.errors import Mistake, ProfileError
from hub.regulation.toml_text import load_toml

_Model = TypeVar("_Model")
_Place = tuple[str | int, ...]
_PART = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"^\s*(?P<key>{_PART}(?:\s*\.\s*{_PART})*)\s*=")
_MOST_LINES = 200
"""Of one value, which is read anew with each of them; behind a longer one no mistake has its line."""
_AT_LINE = re.compile(r"\(at line (?P<line>\d+),")


def read_toml(text: str, what: str, model: type[_Model]) -> _Model:
    """Validate a text; raises `ProfileError`, which names `what` and has each mistake."""
    try:
        found: _Model = TypeAdapter(model).validate_python(load_toml(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError.of(what, [_unreadable(error)]) from error
    except ValidationError as error:
        lines = _known_lines(text)
        wrong = [_mistake(item["loc"], item["msg"], lines) for item in error.errors()]
        raise ProfileError.of(what, wrong) from error
    return found


def misplaced(text: str, what: str, where: Sequence[str | int], why: str) -> ProfileError:
    """The error for what a file says at this place, which is right by its form and wrong by its meaning."""
    return ProfileError.of(what, [_mistake(tuple(where), why, _known_lines(text))])


def _unreadable(error: tomllib.TOMLDecodeError) -> Mistake:
    place = _AT_LINE.search(str(error))
    return Mistake(int(place["line"]) if place is not None else 0, "", f"not TOML: {error}")


def _mistake(where: _Place, why: str, lines: Mapping[_Place, int]) -> Mistake:
    """At the line of the key, or of the nearest table around it."""
    around = [where[:length] for length in range(len(where), 0, -1)]
    line = next((lines[place] for place in around if place in lines), 0)
    return Mistake(line, ".".join(map(str, where)), why)


def _known_lines(text: str) -> dict[_Place, int]:
    """As far as they are told; of what is behind a key that is written in another way none is."""
    found: dict[_Place, int] = {}
    with contextlib.suppress(tomllib.TOMLDecodeError):
        found.update(_lines(text))
    return found


def _lines(text: str) -> Iterator[tuple[_Place, int]]:
    """The line of each table, entry and key; a value may take several, up to `_MOST_LINES`."""
    entries: dict[_Place, int] = {}
    table: _Place = ()
    unfinished, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if unfinished and number - begun > _MOST_LINES:
            return
        if unfinished:
            unfinished = _rest(f"{unfinished}\n{line}")
        elif line.lstrip().startswith("["):
            table = _table(line, entries)
            yield table, number
        elif (key := _KEY.match(line)) is not None:
            yield (*table, *_path(tomllib.loads(f"{key['key']} = 0"))), number
            unfinished, begun = _rest(line), number


def _rest(lines: str) -> str:
    """Nothing, where the value of these lines is whole."""
    try:
        tomllib.loads(lines)
    except tomllib.TOMLDecodeError:
        return lines
    return ""


def _table(head: str, entries: dict[_Place, int]) -> _Place:
    """Where the keys below this head belong: below the last entry of each array on the way."""
    data = tomllib.loads(head)
    path = _path(data)
    place: _Place = ()
    for part in path[:-1]:
        place = (*place, part)
        if place in entries:
            place = (*place, entries[place] - 1)
    place = (*place, path[-1])
    if _is_entry(data, path):
        entries[place] = entries.get(place, 0) + 1
        return (*place, entries[place] - 1)
    return place


def _path(data: Mapping[str, Any]) -> Sequence[str]:
    """The keys of nested tables that have one key each."""
    path = []
    value: Any = data
    while isinstance(value, dict) and value:
        (key,) = value
        path.append(key)
        value = value[key]
    return path


def _is_entry(data: Mapping[str, Any], path: Sequence[str]) -> bool:
    value: Any = data
    for part in path:
        value = value[part]
    return isinstance(value, list)
