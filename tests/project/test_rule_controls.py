"""The look at the rules can fail: a test that has nothing to do with a rule does not pass for its test."""

from __future__ import annotations

import subprocess
import sys

from tests.support.stack import REPOSITORY

_LOOK = """
from tests.controls.rules import RULES, is_red, recorded
rule = next(rule for rule in RULES if rule.place.endswith("supplement_is_the_first"))
own = recorded()[rule.place]
other = "tests/unit/dossier/test_dossier_custody.py"
print(is_red(rule, [own]) == own, is_red(rule, [other]))
"""


def test_only_a_test_of_the_rule_goes_red_without_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "None"]
