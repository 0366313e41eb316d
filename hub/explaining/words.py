"""The words of case files (`texts.toml`) in one language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Language = Literal["vi", "en"]


@cache
def all_words() -> Mapping[str, Mapping[str, Any]]:
    """All tables by name, read once per process."""
    return tomllib.loads((files("hub.explaining") / "texts.toml").read_text(encoding="utf-8"))


class CaseWords:
    """What is not named, because a newer program has written it, is called by its name on the wire."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def of(self, table: str, name: str) -> str:
        """The word of a thing."""
        entry = all_words()[table].get(name)
        return str(entry[self.language]) if entry is not None else name

    def say(self, name: str) -> str:
        """A word of the file itself."""
        return self.of("words", name)

    def filled(self, table: str, name: str, **parts: object) -> str:
        """A word with what stands in it."""
        return self.of(table, name).format(**parts)

    def value(self, field: str, value: str) -> str:
        """The word of a value of a field."""
        values = all_words()["values"]
        return self.of("values", f"{field}.{value}" if f"{field}.{value}" in values else value)

    def span(self, seconds: int) -> str:
        """How long, in the two largest of days, hours, minutes and seconds."""
        parts: list[str] = []
        left = seconds
        for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
            number, left = divmod(left, size)
            if number or (unit == "seconds" and not parts):
                parts.append(self.filled("words", unit, n=number))
        return " ".join(parts[:2])
