"""What each type of request can become: the rules that look at it, and the facts that follow.

Read from the code of the rules: whatever a decision names, directly or through what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dis import get_instructions
from functools import cache
from itertools import pairwise
from types import CodeType, FunctionType, ModuleType

from hub.dossier.decide import AGENCY_WORK, DECISIONS
from hub.dossier.matters import MATTER_DECISIONS
from hub.dossier.rules.handling import NEEDS_FORWARDING
from hub.dossier.rules.roster import checks_of
from hub.dossier.rules.rule import Rule
from hub.dossier.rules.submission import submit
from hub.dossier.rules.telling import CAUSES
from schemas.base import Fact, Request
from schemas.dossier import SubmitDossier
from schemas.notice import NoticeRequested

_CORE = "hub.dossier."


@dataclass(frozen=True, slots=True)
class Consequences:
    """Ids of rules by article, and types of facts by name."""

    rules: tuple[str, ...]
    facts: tuple[str, ...]


@cache
def consequences(request: type[Request]) -> Consequences:
    """All that can come of a request of this type."""
    begin: tuple[object, ...] = (_decision(request),)
    if request in AGENCY_WORK:
        begin = (*begin, NEEDS_FORWARDING)
    begin = (*begin, checks_of(request))
    found = list(_reached(begin, set()))
    if not CAUSES.isdisjoint(found):
        found.append(NoticeRequested)
    rules = {one.id for one in found if isinstance(one, Rule)}
    facts = {one.type for one in found if isinstance(one, type)}
    return Consequences(tuple(sorted(rules, key=by_article)), tuple(sorted(facts)))


def by_article(rule_id: str) -> tuple[tuple[bool, int, str], ...]:
    """The order of rules: by article, clause and point, numbers as numbers."""
    return tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in rule_id.split(".")
    )


def _decision(request: type[Request]) -> Callable[..., object]:
    if request.subject in {"matter", "none"}:
        return MATTER_DECISIONS[request]
    return submit if request is SubmitDossier else DECISIONS[request]


def _reached(value: object, seen: set[int]) -> Iterator[Rule[..., object] | type[Fact]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Rule):
        yield value
        yield from _reached(value.function, seen)
    elif isinstance(value, type):
        if issubclass(value, Fact) and value is not Fact:
            yield value
    elif isinstance(value, FunctionType) and value.__module__.startswith(_CORE):
        for one in _named(value):
            yield from _reached(one, seen)
    elif isinstance(value, Mapping):
        yield from _reached(tuple(value.values()), seen)
    elif isinstance(value, tuple | list | frozenset | set):
        for one in value:
            yield from _reached(one, seen)


def _named(function: FunctionType) -> Iterator[object]:
    """What a function names: globals, what it takes from modules of the core, and what it was made with."""
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    for names in _names(function.__code__):
        value = function.__globals__.get(names[0])
        if isinstance(value, ModuleType):
            value = getattr(value, names[1], None) if value.__name__.startswith(_CORE) else None
        yield value


def _names(code: CodeType) -> Iterator[tuple[str, str]]:
    """Each global with the attribute that is taken from it, if one is."""
    steps = [*get_instructions(code), None]
    for step, after in pairwise(steps):
        if step is not None and step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            is_taken = after is not None and after.opname in {"LOAD_ATTR", "LOAD_METHOD"}
            yield step.argval, after.argval if after is not None and is_taken else ""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
