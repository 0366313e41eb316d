"""What is wrong at one place of refused data: a word of a published list, never a value (pure)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.personal import pointer
from schemas.receipt import Fault

MAX_FAULTS = 20
"""Faults of one refusal that are named."""

_WORDS: Mapping[str, str] = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "unexpected_keyword_argument": "unknown",
    "literal_error": "choice",
    "enum": "choice",
    "string_pattern_mismatch": "pattern",
    "string_too_short": "length",
    "string_too_long": "length",
    "too_short": "length",
    "too_long": "length",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "int_parsing_size": "range",
    "finite_number": "range",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
    "date_from_datetime_inexact": "date",
    "datetime_parsing": "date",
    "datetime_from_date_parsing": "date",
    "datetime_object_invalid": "date",
    "timezone_aware": "date",
    "string_unicode": "characters",
}
"""From pydantic's names of faults; our own validators name theirs by the word itself."""
_CHOICE = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a reason says, in Vietnamese and English."""

    vi: str
    en: str


@cache
def reasons() -> Mapping[str, ReasonText]:
    """The published list: each word with its text."""
    data = tomllib.loads((files("schemas") / "reasons.toml").read_text(encoding="utf-8"))
    return {word: ReasonText(**texts) for word, texts in data.items()}


def reason_of(kind: str) -> str:
    """The word for a fault by its name in pydantic; whatever says nothing else is of the wrong `type`."""
    word = _WORDS.get(kind, kind)
    return word if word in reasons() else "type"


def faults_of(details: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """The first fault of each place (of pydantic's errors with their context), at most `MAX_FAULTS`."""
    found: dict[str, Fault] = {}
    for detail in details:
        path = pointer(detail["loc"])
        if path in found:
            continue
        found[path] = _fault(path, detail["type"], detail.get("ctx", {}))
        if len(found) == MAX_FAULTS:
            break
    return tuple(found.values())


def _fault(path: str, kind: str, context: Mapping[str, Any]) -> Fault:
    choices = tuple(_CHOICE.findall(context["expected"])) if kind in ("literal_error", "enum") else ()
    others = tuple(f"{path}/{name}" for name in context.get("names", ()))
    return Fault(path=path, reason=reason_of(kind), choices=choices, others=others)
