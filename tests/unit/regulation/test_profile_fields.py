"""Every field of a profile has an effect: code reads it, or the article that will read it is named."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

import hub
from hub.regulation.profile import Profile
from hub.regulation.status import DossierStatus

UNREAD: Mapping[str, str] = {
    "forward.clock_starts": "16.3: has one value, which the clocks go by",
    "due.pause_on_status": "17.4: financial duties and stops pause the clock",
    "postal.keep_paper_years": "TT 17/2017 14: how long papers of the post are kept",
    "postal.keep_electronic_years": "TT 17/2017 14",
    "postal.transit.with_slip": "TT 17/2017 7: the post brings the appointment slip back",
    "channel_codes": "QĐ 766: the channel in the portal's feed",
    "statuses.number": "11: the ten statuses on forms and screens",
    "statuses.vi": "11",
    "statuses.en": "11",
}
"""Without effect, and the article that will read it."""
CHOICES_WITHOUT_EFFECT = {"due.pause_on_status"}
"""Of these: what a profile chooses there is not done. None may be added."""

_CALLED = {
    "sessions": "session",
    "forms": "form",
    "reports": "report",
    "statuses": "status_text",
    "dossier_code": "code_format",
}
"""What code calls a section or one of its items, where that is not the section's own name."""

_SECTIONS = frozenset({"Profile", "Supplement"})
"""Those with methods: what these read counts when they are called."""

Reads = frozenset[tuple[str, str]]


def leaves(section: type[Any], path: str = "", holder: str = "profile") -> Iterator[tuple[str, str, str]]:
    """Path, holder and name of each field that has no fields of its own."""
    hints = get_type_hints(section)
    for field in fields(section):
        inner = next((kind for kind in parts(hints[field.name]) if is_dataclass(kind)), None)
        if inner is None:
            yield f"{path}{field.name}", holder, field.name
        else:
            assert isinstance(inner, type)
            yield from leaves(inner, f"{path}{field.name}.", _CALLED.get(field.name, field.name))


def parts(hint: Any) -> Iterator[Any]:
    """The type and everything in it: `Mapping[Relation, Transit]` has `Transit`."""
    yield hint
    for inner in get_args(hint):
        if inner is not NoneType and not isinstance(inner, str | int):
            yield from parts(inner)


def reads_of(tree: ast.AST) -> Reads:
    """`(holder, name)` of each attribute that is read: `law.profile.due.mode` gives `(due, mode)` too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            holder = node.value
            name = getattr(holder, "attr", None) or getattr(holder, "id", None)
            if name is None and isinstance(holder, ast.Subscript):
                name = getattr(holder.value, "attr", None) or getattr(holder.value, "id", None)
            found.add((str(name), node.attr))
    return frozenset(found)


def names_in(tree: ast.AST) -> Iterator[str]:
    """Names that are used, whatever they are used for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id


@cache
def reads() -> Reads:
    """What the code of the hub reads; a function of the regulation counts when something uses it."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(Path(hub.__path__[0]).rglob("*.py"))}
    law = {path for path in trees if path.parent.name == "regulation"}
    found = set().union(*(reads_of(tree) for path, tree in trees.items() if path not in law))
    used = {name for tree in trees.values() for name in names_in(tree)}
    nodes = [node for path in sorted(law) for node in trees[path].body]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in used]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    for node in (*functions, *(node for node in classes if node.name not in _SECTIONS)):
        found |= reads_of(node)
    for section in classes:
        if section.name in _SECTIONS:
            found |= methods_read(section, found)
    return frozenset(found)


def methods_read(section: ast.ClassDef, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What methods of a section read of `self`, where somebody calls them on the section."""
    holder = section.name.lower()
    return {
        (holder, name)
        for method in section.body
        if isinstance(method, ast.FunctionDef) and (holder, method.name) in found
        for called, name in reads_of(method)
        if called == "self"
    }


def unread() -> set[str]:
    return {path for path, holder, name in leaves(Profile) if (holder, name) not in reads()}


def test_every_field_of_a_profile_is_read_or_named_with_the_article_that_will_read_it() -> None:
    assert unread() == UNREAD.keys()


def is_choice(path: str) -> bool:
    """Whether a profile chooses there among words or statuses; numbers and texts are none."""
    section: Any = Profile
    hint: Any = None
    for name in path.split("."):
        hint = get_type_hints(section)[name]
        section = next((kind for kind in parts(hint) if is_dataclass(kind)), None)
    if get_origin(hint) is Mapping:
        hint = get_args(hint)[1]
    words = any(get_origin(kind) is Literal and len(get_args(kind)) > 1 for kind in parts(hint))
    return words or DossierStatus in parts(hint)


def test_nothing_that_a_profile_chooses_is_without_effect() -> None:
    without = {path for path in unread() if is_choice(path) and not path.startswith("statuses.")}
    assert without == CHOICES_WITHOUT_EFFECT
    assert is_choice("returning.via_one_stop")
    assert not is_choice("forward.clock_starts")
    assert not is_choice("postal.keep_paper_years")


def test_a_field_that_only_an_unused_function_reads_is_unread() -> None:
    assert ("form", "kind") in reads_of(ast.parse("is_it = form.kind == kind"))
    (section,) = ast.parse("class Profile:\n    def form(self): return self.forms").body
    assert isinstance(section, ast.ClassDef)
    assert methods_read(section, set()) == set()
    assert methods_read(section, {("profile", "form")}) == {("profile", "forms")}


@pytest.mark.parametrize(
    "path", ["forward.paper_cutoff", "hours.sessions.opens", "supplement.max_intake", "id"]
)
def test_what_rules_read_is_found(path: str) -> None:
    assert path in {found for found, _, _ in leaves(Profile)} - unread()
