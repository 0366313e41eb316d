"""Texts of refusals, and the matrix rule, code, tests."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

from hub import dossier
from hub.documents.reason import DocumentReason
from hub.dossier.rules.rulebook import RULES
from hub.dossier.texts import all_texts, refusal_texts
from hub.regulation.norms import provision
from hub.signing.reason import Reason

ENGINE_CODES = {
    "reference.needed", "dossier.erased", "parked.expired",
    "codes.not_allowed", "calendar.year", "calendar.unknown",
    "security.id_reused", "security.not_granted", "security.foreign_source", "security.wrong_environment",
    "envelope.no_json", "envelope.missing_attribute", "envelope.content_type", "envelope.too_large",
    "envelope.repeated_attribute", "envelope.no_cloud_event", "envelope.batch", "envelope.wrong_attribute",
    "envelope.bad_text", "envelope.key_not_subject", "envelope.identity_in_key", "envelope.bad_time",
    "envelope.unstamped",
    "schema.unknown_type", "schema.unknown_field", "schema.invalid", "schema.too_many_values",
    "poison.crash", "timer.unknown",
}  # fmt: skip

CORE = Path(next(iter(dossier.__path__)))
TESTS = Path(__file__).parent
CODE_SHAPE = re.compile(r"(?:[a-z_]+\.)+[a-zđ0-9_.-]+|unknown_dossier")


def codes_of_the_core() -> set[str]:
    """Every literal of the core that is shaped like a refusal code."""
    found: set[str] = set()
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                value = node.value
                prefix = value.split(".")[0]
                if CODE_SHAPE.fullmatch(value) and prefix in PREFIXES:
                    found.add(value)
    return found


PREFIXES = {
    "officer", "organisation",
    "rule", "identity", "pickup", "custody", "due", "state", "timer", "security", "late", "handling_time",
    "reference", "unknown_dossier", "payment", "codes", "loss", "complaint", "info", "notice",
    "matter", "register", "queue", "report",
}  # fmt: skip


def marked_rules() -> set[str]:
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in TESTS.glob("test_*.py"))
    calls = (node for node in chain.from_iterable(map(ast.walk, trees)) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "rule"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_every_code_that_is_used_has_texts_and_no_text_is_unused() -> None:
    documents = {reason.code for reason in (*Reason, *DocumentReason)}
    assert codes_of_the_core() | ENGINE_CODES | documents == set(all_texts())


@pytest.mark.parametrize("code", sorted(all_texts()))
def test_a_refusal_says_what_is_wrong_and_what_to_do_in_both_languages(code: str) -> None:
    texts = refusal_texts(code)
    parts = (texts.vi, texts.en, texts.advice_vi, texts.advice_en)
    assert all(part.strip() == part and part.endswith(".") for part in parts)
    assert len(set(parts)) == 4
    assert any(
        letter in texts.vi for letter in "ăâđêôơưàáảãạèéẻẽẹìíỉĩịòóỏõọùúủũụỳýỷỹỵấầẩẫậắằẳẵặếềểễệốồổỗộớờởỡợứừửữự"
    )
    assert texts.en.isascii()
    assert not re.search(r"\{|%s|\d{9}", "".join(parts))  # no place for a value


@pytest.mark.parametrize("code", sorted(code for code in all_texts() if code.startswith("envelope.")))
def test_a_refusal_that_spends_no_id_asks_for_no_new_one_and_names_attributes_for_every_way_in(
    code: str,
) -> None:
    texts = refusal_texts(code)
    said = f"{texts.vi} {texts.en} {texts.advice_vi} {texts.advice_en}"
    assert "new id" not in said
    assert "mã thông điệp mới" not in said
    assert not re.search(r"ce[_-][a-z]", said)


def test_an_unpublished_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        refusal_texts("rule.99")


def test_every_rule_has_a_marked_test_and_every_marked_test_a_rule() -> None:
    assert {rule.id for rule in RULES} == marked_rules()


def test_rules_are_named_by_article_and_found_in_the_code() -> None:
    for rule in RULES:
        assert provision(rule.id).place
        assert rule.title
        assert rule.place.startswith("hub.dossier.")
    assert len({rule.place for rule in RULES}) == len(RULES)
