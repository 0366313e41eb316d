"""One word, one meaning: no two classes of the hub have the same name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

HUB = Path(__file__).parents[2] / "hub"


def test_every_class_of_the_hub_has_a_name_of_its_own() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for file in HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file.relative_to(HUB).as_posix())
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
    assert len(found) > 200


def test_the_root_of_the_hub_holds_a_handful_of_modules() -> None:
    assert {file.stem for file in HUB.glob("*.py")} == {
        "__init__", "crashpoints", "errors", "identifiers", "installed", "legal_time", "logs",
    }  # fmt: skip
