"""Which code another system has for each procedure of the catalogue: known, certain, or suggested (pure)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.regulation.catalogue import Procedure
from hub.regulation.codes import parse_procedure_code
from hub.regulation.errors import Mistake, RegisterError
from hub.regulation.registers import csv_rows

How = Literal["given", "same code", "same number", "to decide", "nothing like it"]
_ALIKE = 0.5
"""Share of the words that two titles have in common, from which one is suggested."""
_SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class OtherCode:
    """A procedure as the other system lists it."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class MappedCode:
    """`other` is sure; where it is None somebody chooses among the suggestions, the likeliest first."""

    code: str
    title: str
    other: str | None
    how: How
    suggestions: tuple[OtherCode, ...] = ()


def read_others(text: str) -> list[OtherCode]:
    """CSV with the columns `code` and `title`; raises RegisterError with every line that is wrong."""
    found, wrong = list[OtherCode](), list[Mistake]()
    seen = dict[str, int]()
    for row in csv_rows(text, frozenset(), ("code", "title")):
        code, title = str(row.values.get("code", "")), str(row.values.get("title", ""))
        if not code:
            wrong.append(Mistake(row.line, "code", "is empty"))
        elif code in seen:
            wrong.append(Mistake(row.line, "code", f"{code} is in line {seen[code]} already"))
        seen.setdefault(code, row.line)
        found.append(OtherCode(code, title))
    if wrong:
        raise RegisterError(wrong)
    return found


def mapped(
    procedures: Iterable[Procedure], others: Sequence[OtherCode], given: Mapping[str, str]
) -> list[MappedCode]:
    """Each procedure, in the order of codes; raises RegisterError for a given code that is not there."""
    ordered = sorted(procedures, key=lambda one: one.code)
    codes = {one.code for one in ordered}
    wrong = [Mistake(0, here, "the catalogue has no such procedure") for here in given.keys() - codes]
    unknown = set(given.values()) - {one.code for one in others}
    wrong += [Mistake(0, there, "the other list has no such code") for there in unknown]
    if wrong:
        raise RegisterError(wrong)
    return [_mapped(one, others, given.get(one.code)) for one in ordered]


def as_completion(system: str, found: Iterable[MappedCode]) -> str:
    """What is sure, as a completion of the catalogue; codes that are the same in both are not said."""
    lines = [f"# Codes by which {system} knows these procedures.", ""]
    for one in found:
        if one.other is not None and one.other != one.code:
            lines += [f'[procedures."{one.code}"]', f"codes.{system} = {json.dumps(one.other)}", ""]
    return "\n".join(lines)


def _mapped(one: Procedure, others: Sequence[OtherCode], given: str | None) -> MappedCode:
    if given is not None:
        return MappedCode(one.code, one.name, given, "given")
    if any(other.code == one.code for other in others):
        return MappedCode(one.code, one.name, one.code, "same code")
    numbered = [other for other in others if _number(other.code) == _number(one.code)]
    if len(numbered) == 1:
        return MappedCode(one.code, one.name, numbered[0].code, "same number")
    if numbered:
        return MappedCode(one.code, one.name, None, "to decide", tuple(numbered[:_SUGGESTED]))
    return MappedCode(one.code, one.name, None, *_suggested(one.name, others))


def _suggested(title: str, others: Sequence[OtherCode]) -> tuple[How, tuple[OtherCode, ...]]:
    """By their titles, the likeliest first."""
    shares = [(_likeness(title, other.title), other) for other in others]
    likely = sorted((pair for pair in shares if pair[0] >= _ALIKE), key=lambda pair: (-pair[0], pair[1].code))
    found = tuple(other for _, other in likely[:_SUGGESTED])
    return ("to decide" if found else "nothing like it"), found


def _number(code: str) -> str:
    """The national number, without the tail of a province; of what is no such code the code itself."""
    parsed = parse_procedure_code(code)
    return parsed.national if parsed is not None else code


def _words(title: str) -> frozenset[str]:
    """Its words, whatever the marks between them and the form of their letters."""
    letters = unicodedata.normalize("NFC", title).casefold()
    return frozenset("".join(sign if sign.isalnum() else " " for sign in letters).split())


def _likeness(title: str, other: str) -> float:
    """The share of the words of both that they have in common."""
    one, two = _words(title), _words(other)
    return len(one & two) / len(one | two) if one | two else 0.0
