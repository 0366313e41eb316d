"""The journals and the check share no code with the hub: a fault of the hub must not blind the ledger."""

from __future__ import annotations

import ast

import pytest

from tests.support.stack import REPOSITORY

FOLDER = REPOSITORY / "tests" / "support" / "ledger"
INDEPENDENT = (
    "journal", "evidence", "mailbox", "lives", "post", "client_process", "hub_reading", "check",
    "check_effects", "check_order", "check_requests", "verdict",
)  # fmt: skip


def imported(name: str) -> set[str]:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return found | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }


@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_journal_module_imports_nothing_of_the_hub_nor_of_what_does(name: str) -> None:
    modules = imported(name)
    assert not {module for module in modules if module.split(".")[0] in {"hub", "adapters"}}
    ours = {module for module in modules if module.startswith("tests.")}
    allowed = {f"tests.support.ledger.{other}" for other in INDEPENDENT} | {"tests.support.ledger"}
    assert ours <= allowed
