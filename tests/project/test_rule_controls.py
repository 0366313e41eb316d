"""The look at the rules can fail: a test that has nothing to do with a rule does not pass for its test."""

from __future__ import annotations

import subprocess
import sys

from tests.support.stack import REPOSITORY

_LOOK = """
from tests.controls import rules
rule = next(rule for rule in rules.RULES if rule.place.endswith("supplement_is_the_first"))
own = rules.recorded()[rule.place]
other = "tests/unit/dossier/test_dossier_custody.py"
print(rules.is_red(rule, [own]) == own, rules.is_red(rule, [other]))
rules.RULES = (rule, rule)
for test in (own, other):
    rules.recorded = lambda: {rule.place: test}
    print(len(list(rules.troubles())))
"""


def test_only_a_test_of_the_rule_goes_red_without_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "None", "0", "2"]
