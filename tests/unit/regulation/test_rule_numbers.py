"""One numbering: every rule id that the hub uses names an article, clause and point that its text has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import adapters
import hub
import schemas
from hub.dossier.rules.rulebook import RULES
from hub.dossier.texts import all_texts
from hub.regulation.errors import UnknownProvisionError
from hub.regulation.norms import norms, provision

CODE = Path(hub.__file__ or "").parent
TREES = (CODE, Path(schemas.__file__ or "").parent, Path(adapters.__file__ or "").parent)
BY_PLACE = {"rule": 0, "Rule": 0, "violation": 2, "conflict": 3, "Refused": 1, "RuleViolated": 0}
"""Where calls name a rule: the argument by its place; by name it is `rule`."""
PROFILE_MARK = re.compile(r"# Đ ([0-9][0-9a-zđ., Đ]*)")
IN_ENGLISH = re.compile(r"\(Art\. ([^)]*)\)")
IN_VIETNAMESE = re.compile(r"(?:điểm ([a-zđ]) )?(?:khoản (\d+) )?Điều (\d+)(?! (?:Quyết|Thông|Bộ))")
OLD_STYLE = re.compile(r"Đ ?\d+ ?k\.")
ONE = re.compile(r"\d{1,2}(?:\.\d{1,2})?(?:\.[a-zđ]\d?)?")


def literal(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def ids_in(tree: ast.AST) -> Iterator[str]:
    """Ids that a module gives to a rule, a refusal or a violation."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if (place := BY_PLACE.get(name)) is None:
            continue
        if len(call.args) > place:
            yield from literal(call.args[place])
        for keyword in call.keywords:
            if keyword.arg == "rule":
                yield from (word for word in literal(keyword.value) if not word.startswith("rule."))


@cache
def modules() -> tuple[tuple[Path, ast.AST], ...]:
    files = [file for folder in TREES for file in sorted(folder.rglob("*.py"))]
    return tuple((file, ast.parse(file.read_text(encoding="utf-8"))) for file in files)


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("rule."):
            yield from (word.strip() for word in node.value.split(","))


def rule_of(code: str) -> str:
    """The id in a code: `15.6.c1` of `rule.15.6.c1.officer`."""
    return re.sub(r"\.[a-z_]{2,}$", "", code.removeprefix("rule."))


def test_every_rule_id_in_the_code_is_a_place_of_its_norm() -> None:
    used = {(file.name, rule_id) for file, tree in modules() for rule_id in ids_in(tree)}
    assert {rule.id for rule in RULES} <= {rule_id for _, rule_id in used}
    assert unknown(rule_id for _, rule_id in used) == []


def test_every_code_of_a_refusal_names_such_a_place() -> None:
    codes = {code for _, tree in modules() for code in codes_in(tree) if not code.startswith("rule.violated")}
    assert len(codes) > 30
    assert unknown(rule_of(code) for code in codes | {*all_texts()} if code.startswith("rule.")) == []


def unknown(ids: Iterator[str] | set[str]) -> list[str]:
    return sorted({one for one in ids if not is_known(one)})


def is_known(rule_id: str) -> bool:
    try:
        provision(rule_id)
    except UnknownProvisionError:
        return False
    return True


def test_what_texts_and_profiles_cite_is_there_and_in_one_style() -> None:
    for code, texts in all_texts().items():
        for cited in IN_ENGLISH.findall(f"{texts.en} {texts.advice_en}"):
            assert unknown({*ONE.findall(cited)}) == [], code
        vietnamese = f"{texts.vi} {texts.advice_vi}"
        assert not OLD_STYLE.search(vietnamese), code
        for point, clause, article in IN_VIETNAMESE.findall(vietnamese):
            assert is_known(".".join(part for part in (article, clause, point) if part)), (code, article)
    for file in (CODE / "regulation" / "data" / "profiles").glob("*.toml"):
        for mark in PROFILE_MARK.findall(file.read_text(encoding="utf-8")):
            assert unknown({*ONE.findall(mark)}) == [], (file.name, mark)


NO_PLACES = (
    "13.7", "16.4", "28", "2.9", "17.4.a", "15.6.d", "15.6.c0", "015", "", "15.", "qd45.6", "qd45-2016.1",
)  # fmt: skip


@pytest.mark.parametrize("rule_id", NO_PLACES)
def test_a_place_that_no_text_has_is_refused(rule_id: str) -> None:
    with pytest.raises(UnknownProvisionError):
        provision(rule_id)


@pytest.mark.parametrize(
    ("rule_id", "vi", "en"),
    [
        ("15.6.c2", "điểm c khoản 6 Điều 15", "Art. 15.6.c"),
        ("8.5.b", "điểm b khoản 5 Điều 8", "Art. 8.5.b"),
        ("17.9", "khoản 9 Điều 17", "Art. 17.9"),
        ("13", "Điều 13", "Art. 13"),
        ("6.2.đ", "điểm đ khoản 2 Điều 6", "Art. 6.2.đ"),
        (
            "qd45-2023.2.2",
            "khoản 2 Điều 2 Quyết định số 45/2023/QĐ-UBND",
            "Art. 2.2 Decision 45/2023/QĐ-UBND",
        ),
        ("tt17-2017.5", "Điều 5 Thông tư số 17/2017/TT-BTTTT", "Art. 5 Circular 17/2017/TT-BTTTT"),
    ],
)
def test_a_rule_is_cited_as_the_law_is(rule_id: str, vi: str, en: str) -> None:
    found = provision(rule_id)
    assert (found.vi, found.en) == (vi, en)


def test_the_list_is_that_of_the_text() -> None:
    regulation = norms()[""]
    articles = sorted({int(place.split(".")[0]) for place in regulation.places})
    assert articles == list(range(1, 28))
    assert sum(place.count(".") == 1 for place in regulation.places) == 122
    assert sum(place.count(".") == 2 for place in regulation.places) == 54
