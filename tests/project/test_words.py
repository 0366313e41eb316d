"""One word, one meaning; and what is looked for in one place stands in one place."""

from __future__ import annotations

import ast
import re
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
        "__init__", "backoff", "crashpoints", "errors", "identifiers", "installed", "legal_time", "logs",
        "visible",
    }  # fmt: skip


def test_the_errors_of_a_room_stand_in_one_file() -> None:
    rooms: dict[str, set[str]] = defaultdict(set)
    for file in HUB.glob("*/**/*.py"):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and re.fullmatch(r"[A-Z]\w*Error", node.name):
                rooms[file.relative_to(HUB).parts[0]].add(file.relative_to(HUB).as_posix())
    assert {room: files for room, files in rooms.items() if len(files) > 1} == {}
    assert len(rooms) > 5
