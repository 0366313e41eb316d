"""A profile key by key, each with the mark of its source (the comment beside it), for who checks the law."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.regulation.errors import ProfileError
from hub.regulation.toml_text import load_toml

_SECTION = re.compile(r"^\[+(?P<name>[a-z_.]+)\]+")
_KEY = re.compile(r"^(?P<name>[a-z_]+) = (?P<rest>.*)$")
_MARK = re.compile(r"(?:^|\s)# (?P<mark>.+)$")
_LISTS = {"forms": "number", "statuses": "number", "reports": "name"}
"""Arrays of tables, and the key by which an entry is named."""


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """One key as `section.key`, its value as JSON, and where it stands in the law."""

    name: str
    value: str
    mark: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key whose value differs between two profiles; None where one of them does not have it."""

    name: str
    before: str | None
    after: str | None
    mark: str


def keys_of(text: str) -> tuple[ProfileKey, ...]:
    """Every key of a profile's TOML text, in its order; raises ProfileError for what is no TOML."""
    try:
        data = load_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile is not TOML: {error}") from error
    marks = dict(_marks(text))
    return tuple(
        ProfileKey(name, orjson.dumps(value, default=str).decode(), marks.get(name, ""))
        for name, value in _flat(data)
    )


def changed_keys(before: str, after: str) -> tuple[KeyChange, ...]:
    """What differs between two texts, with the mark of the second, or of the first where it is alone."""
    old, new = ({key.name: key for key in keys_of(text)} for text in (before, after))
    return tuple(
        KeyChange(name, _value(old.get(name)), _value(new.get(name)), (new.get(name) or old[name]).mark)
        for name in dict.fromkeys((*old, *new))
        if _value(old.get(name)) != _value(new.get(name))
    )


def _value(key: ProfileKey | None) -> str | None:
    return key.value if key is not None else None


def _flat(data: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if name in _LISTS:
            for entry in value:
                key = _LISTS[name]
                yield f"{name}.{entry[key]}", {one: found for one, found in entry.items() if one != key}
        elif isinstance(value, dict) and not place:
            yield from _flat(value, f"{name}.")
        else:
            yield f"{place}{name}", value


def _marks(text: str) -> Iterator[tuple[str, str]]:
    """The comment behind a key; a section's own comment counts for its keys that have none."""
    section, of_section = "", ""
    for line in text.splitlines():
        found = _MARK.search(line)
        mark = found["mark"] if found is not None else ""
        if (opened := _SECTION.match(line)) is not None:
            section, of_section = f"{opened['name'].partition('.')[0]}.", mark
        elif (key := _KEY.match(line)) is not None:
            yield f"{section}{key['name']}", mark or of_section
