"""The pages: links lead somewhere, named files and commands exist, decisions fit their form."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from hub.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:hub|adapters|schemas|examples|tests|deploy|tools)/[\w./-]+\.\w+)`")
_COMMAND = re.compile(r"(?:^|`|\$\(|\) )hub ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)", re.MULTILINE)
_PAGE_LINES = 60
"""Lines of a page of decisions at most."""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(group: TyperGroup) -> dict[str, set[str]]:
    """The names of commands and, for groups, what stands below them."""
    context = typer.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {
        name: set(commands(below)) if isinstance(below, TyperGroup) else set()
        for name, below in found.items()
    }


@cache
def all_commands() -> Mapping[str, set[str]]:
    """Those of `hub`."""
    return commands(typer.main.get_group(app))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in _LINK.findall(page.read_text("utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = [name for name in _FILE.findall(page.read_text("utf-8")) if "<" not in name]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = all_commands()
    for words in _COMMAND.findall(page.read_text("utf-8")):
        first, _, second = words.partition(" ")
        assert first in known, words
        assert not second or not known[first] or second in known[first], words


def test_a_decision_fits_on_one_page_and_says_what_it_costs() -> None:
    for page in (REPOSITORY / "docs" / "decisions").glob("0*.md"):
        text = page.read_text("utf-8")
        assert len(text.splitlines()) <= _PAGE_LINES, page.name
        for part in ("**Context.**", "**Decision.**", "**Cost.**", "**Revisit when**"):
            assert part in text, (page.name, part)


def test_every_test_that_the_page_of_threats_names_exists() -> None:
    page = (REPOSITORY / "docs" / "threats.md").read_text("utf-8")
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page))
    assert len(named) > 40
    known = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_what_a_python_block_of_a_page_calls_is_imported_or_made_there(page: Path) -> None:
    known = set(dir(builtins))
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        tree = ast.parse(block)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                exec(compile(ast.Module([node], []), page.name, "exec"), {})  # noqa: S102  what the page says
                known |= {(name.asname or name.name).partition(".")[0] for name in node.names}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                known.add(node.name)
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called <= known, called - known
