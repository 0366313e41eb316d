"""Tests of the door share one hub in a worker: no two may let the same participant join."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

GATEWAY = Path(__file__).parents[1] / "integration" / "gateway"


def names_on_the_shared_hub(text: str) -> list[str]:
    """Literal names that tests with the shared `site` let join (pure)."""
    module = ast.parse(text)
    functions = [node for node in ast.walk(module) if isinstance(node, ast.AsyncFunctionDef)]
    if any(one.name == "site" for one in functions):
        return []  # a hub of its own
    return [
        call.args[0].value
        for function in functions
        if "site" in {argument.arg for argument in function.args.args}
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "site.join"
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]


def test_no_two_tests_of_the_door_let_the_same_name_join() -> None:
    found = Counter(
        name
        for file in GATEWAY.glob("test_*.py")
        for name in names_on_the_shared_hub(file.read_text("utf-8"))
    )
    assert [name for name, count in found.items() if count > 1] == []
    assert len(found) > 20


def test_a_name_that_is_given_twice_is_seen() -> None:
    text = "async def test_a(site):\n    await site.join('x', [])\n"
    assert names_on_the_shared_hub(text * 2) == ["x", "x"]
    assert names_on_the_shared_hub("async def site(): ...\n" + text) == []
