"""Old names of rules and refusals: what is stored keeps them, what is shown says today's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct, convert


class RenamedRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An old id, and where it meant the rule that is called `now`."""

    was: str
    now: str
    facts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    when: Mapping[str, str] = {}

    def _is_meant_in_fact(self, fact: str, data: Mapping[str, Any]) -> bool:
        if self.facts or self.codes:
            return fact in self.facts and all(data.get(name) == value for name, value in self.when.items())
        return True

    def _is_meant_in_refusal(self, code: str) -> bool:
        return code in self.codes or not (self.facts or self.codes)

    def of_fact(self, rule_id: str, fact: str, data: Mapping[str, Any]) -> bool:
        """Whether a fact with this data means this rule by that id."""
        return rule_id == self.was and self._is_meant_in_fact(fact, data)

    def of_refusal(self, rule_id: str, code: str) -> bool:
        """Whether a refusal under this code means this rule by that id."""
        return rule_id == self.was and self._is_meant_in_refusal(code)


class Renamed(Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    codes: Mapping[str, str]
    rules: tuple[RenamedRule, ...]


@cache
def renamed() -> Renamed:
    """Read once per process."""
    text = (files("hub.dossier") / "renamed.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), Renamed)


def current_code(code: str) -> str:
    """Today's code of a refusal."""
    return renamed().codes.get(code, code)


def current_rules(fact: str, data: Mapping[str, Any], rules: Iterable[str]) -> tuple[str, ...]:
    """Today's ids of the rules of a stored fact, each once; `fact` is its type in short."""
    known = renamed().rules
    return tuple(
        dict.fromkeys(
            next((one.now for one in known if one.of_fact(rule_id, fact, data)), rule_id) for rule_id in rules
        )
    )


def current_rule(code: str, rule_id: str) -> str:
    """Today's id of the rule of a stored refusal."""
    return next((one.now for one in renamed().rules if one.of_refusal(rule_id, code)), rule_id)
