"""How often the same thing is told: at once, and then once a minute with how often it was (pure)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

EVERY_S = 60.0
Key = TypeVar("Key", bound=Hashable)
Example = TypeVar("Example")


@dataclass(frozen=True, slots=True)
class Line(Generic[Key, Example]):
    """What is to be told now: so many since the last line, and one of them."""

    key: Key
    count: int
    example: Example


@dataclass(slots=True)
class _Spell(Generic[Example]):
    """What has been counted since the last line of this kind; `until` the next one may come."""

    until: float
    count: int
    example: Example


class Rhythm(Generic[Key, Example]):
    """Times are those of `time.monotonic()`; what has been quiet for a minute is forgotten."""

    def __init__(self) -> None:
        self._spells: dict[Key, _Spell[Example]] = {}

    def add(self, key: Key, count: int, example: Example, now: float) -> Line[Key, Example] | None:
        """Count it; the line when it is the first of its kind for a minute."""
        spell = self._spells.get(key)
        if spell is None:
            self._spells[key] = _Spell(now + EVERY_S, 0, example)
            return Line(key, count, example)
        spell.count += count
        spell.example = example
        return None

    def due(self, now: float) -> list[Line[Key, Example]]:
        """The lines of what went on while nothing was told."""
        lines = []
        for key, spell in list(self._spells.items()):
            if spell.until > now:
                continue
            if spell.count:
                lines.append(Line(key, spell.count, spell.example))
                self._spells[key] = _Spell(now + EVERY_S, 0, spell.example)
            else:
                del self._spells[key]
        return lines
