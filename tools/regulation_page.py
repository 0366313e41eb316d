"""Writes `docs/regulation.md`, the law by its provisions: `python -m tools.regulation_page [--check]`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.dossier.rules.rule import Rule
from hub.dossier.rules.rulebook import RULES
from hub.regulation.norms import norms, provision
from hub.regulation.wording import words
from tests.controls.rules import recorded
from tools.generated_page import write_or_check

PAGE = Path("docs/regulation.md")
_SAID = Path(__file__).with_suffix(".toml")
_INTRODUCTION = """\
# The regulation, provision by provision

The words of the regulation that Quyết định 45/2023/QĐ-UBND issues, and under each what the hub makes of them:

* a **rule** is a function with the number of its provision. It is named with its file, and with a test that
  goes red when the rule is taken away (`python -m tests.controls.rules` takes each away and looks);
* **held** names what holds a provision by the way the hub works;
* **not decided** says what is missing, also beside rules that decide a part;
* **outside** gives the reason why no software decides a provision.

Which rule looks at which request stands in the [catalogue](catalogue.md#rules-by-number), what a refusal says
in [refusals by code](errors.md), and the numbers and choices of the law in the profile
(`hub/regulation/data/profiles/`). {figures}
"""
_OTHERS = """\
## Other norms

Rules that stand on other norms than the regulation itself:
"""


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is said of provisions beside their rules, by their place."""

    held: Mapping[str, str]
    outside: Mapping[str, str]
    open: Mapping[str, str]


@cache
def remarks() -> Remarks:
    """As they stand in `regulation_page.toml`."""
    return Remarks(**tomllib.loads(_SAID.read_text("utf-8")))


def leaves() -> list[str]:
    """Provisions that have no parts of their own, in the order of the text."""
    inner = {place.rpartition(".")[0] for place in words()}
    return [place for place in words() if place not in inner]


def rules_at(place: str) -> list[Rule[..., object]]:
    """The rules with this number, in the order of their ranks."""
    return sorted((rule for rule in RULES if _place_of(rule) == place), key=lambda rule: rule.id)


def _place_of(rule: Rule[..., object]) -> str | None:
    named = provision(rule.id)
    return None if named.norm.prefix else named.place


def faults() -> Iterator[str]:
    """What is said twice, of nothing, or not at all."""
    said = remarks()
    for place in (*said.held, *said.outside, *said.open):
        if place not in words():
            yield f"{place}: no such provision"
    for place in leaves():
        decided = bool(rules_at(place)) or place in said.held
        if (decided or place in said.open) == (place in said.outside):
            yield f"{place}: must have a rule, or stand in `held` or `open`, or else in `outside`"
    for place, where in said.held.items():
        if not Path(where.partition(":")[0]).is_file():
            yield f"{place}: {where} names no file"
    yield from (f"{rule.place}: no test is written down" for rule in RULES if rule.place not in recorded())


def page() -> str:
    """The page below its first line."""
    parts = [_INTRODUCTION.format(figures=_figures())]
    for place, one in words().items():
        if "." not in place:
            title, *head = one.text.split("\n")
            parts.append(f"## Điều {place}. {title}\n")
            parts += [f"> {paragraph}\n" for paragraph in head]
        else:
            parts.append("\n>\n".join(f"> {line}" for line in _quoted(place, one.text)) + "\n")
        if text := "".join(_under(place)):
            parts.append(text)
    parts += [_OTHERS, *_other_norms()]
    return "\n".join(parts)


def _quoted(place: str, text: str) -> list[str]:
    first, *others = text.split("\n")
    return [f"**{place}** {first}", *others]


def _under(place: str) -> Iterator[str]:
    said = remarks()
    yield from map(_rule, rules_at(place))
    for name, table in (("Held", said.held), ("Not decided", said.open), ("Outside", said.outside)):
        if place in table:
            yield f"* {name}: {table[place]}.\n"


def _rule(rule: Rule[..., object]) -> str:
    module, _, name = rule.place.rpartition(".")
    path = f"{module.replace('.', '/')}.py"
    file, _, test = recorded()[rule.place].partition("::")
    shown = test.partition("[")[0]
    return f"* **{rule.id}** {rule.title} ([`{name}`](../{path}); [`{shown}`](../{file})).\n"


def _other_norms() -> Iterator[str]:
    for prefix, norm in norms().items():
        own = sorted((rule for rule in RULES if provision(rule.id).norm is norm), key=lambda rule: rule.id)
        if prefix and own:
            yield f"{norm.vi}:\n\n" + "".join(map(_rule, own))


def _figures() -> str:
    said, all_leaves = remarks(), leaves()
    whole = sum(1 for place in all_leaves if place not in said.open and place not in said.outside)
    partly = sum(1 for place in all_leaves if place in said.open and _is_begun(place))
    missing = sum(1 for place in all_leaves if place in said.open and not _is_begun(place))
    outside = sum(1 for place in all_leaves if place in said.outside)
    return (
        f"Of {len(all_leaves)} provisions {whole} are decided, {partly} in part, {missing} not yet,"
        f" and {outside} are outside."
    )


def _is_begun(place: str) -> bool:
    return bool(rules_at(place)) or place in remarks().held


def _report(found: Iterable[str]) -> int:
    lines = list(found)
    for line in lines:
        sys.stderr.write(f"regulation: {line}\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(_report(faults()) or write_or_check(PAGE, "tools.regulation_page", page(), sys.argv[1:]))
