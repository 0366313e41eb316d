"""Nothing but an adapter's own folder, the contract and the rules knows its name."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from hub.delivery.declaration import declarations
from tests.support.stack import REPOSITORY
from tools import adapter_services

FREE = ("adapters/", "schemas/", "hub/dossier/", "examples/", "docs/", "tests/", "deploy/prometheus/tests/")
"""The adapters, the contract, the rules, and what is written for people or tries them."""

EXCEPTIONS: Mapping[str, str] = {
    "hub/regulation/": "the law, and records of the national portal as it answered: their words, no adapter",
    "LICENSE": "its own words speak of notices",
    "hub/typesetter/": "the hub's own role that makes papers, on the runtime of adapters",
    "hub/forms/": "where a payment was made, as the contract says it",
    "hub/cli/forms.py": "lists the papers that this role could not make, and has them made again",
    "tools/settings_table.py": "this role's settings stand outside of the folder of adapters",
    "hub/explaining/": "words for roles, fields and values of the published contract",
    "hub/engine/decide/rules.py": "where applicants agreed to be told, as the contract names that field",
    "hub/engine/decide/routing.py": "which fact goes to which role of the published contract",
    "hub/reports/": "indicators count by what facts of the contract name: places of payment, counterparts",
    "tools/catalogue_page.py": "the page of the published contract names its roles",
    "bench/": "measures these adapters by name, and the results are kept",
    "pyproject.toml": "the entry points of this repository, and a test module in an import contract",
}
"""Path or folder -> why a name may stand there."""

_NO_TEXT = (".png", ".ttf")


def names() -> frozenset[str]:
    """Names of the installed adapters and of their folders."""
    known = declarations().values()
    return frozenset(
        word for one in known for word in (one.name, one.factory.partition(":")[0].split(".")[-2])
    )


def texts() -> Iterator[tuple[str, str]]:
    """Every file of the repository that is looked at, without what is written from declarations."""
    generated = adapter_services.written()
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    for path in listed.stdout.splitlines():
        if not path.startswith(FREE) and not path.endswith((".md", ".lock")):
            text = (REPOSITORY / path).read_text("utf-8", "ignore" if path.endswith(_NO_TEXT) else "strict")
            yield path, adapter_services.without(text) if Path(path) in generated else text


@cache
def naming() -> dict[str, list[str]]:
    """File -> its lines in which an adapter is named."""
    word = re.compile("|".join(sorted(names())), re.IGNORECASE)
    found = {path: [line for line in text.splitlines() if word.search(line)] for path, text in texts()}
    return {path: lines for path, lines in found.items() if lines or word.search(path)}


def test_no_file_outside_names_an_adapter() -> None:
    strangers = {path: lines for path, lines in naming().items() if not path.startswith(tuple(EXCEPTIONS))}
    assert strangers == {}


@pytest.mark.parametrize("exception", sorted(EXCEPTIONS))
def test_every_exception_is_still_one(exception: str) -> None:
    assert any(path.startswith(exception) for path in naming())


def test_the_names_are_those_of_the_adapters_and_of_their_folders() -> None:
    folders = {path.parent.name for path in Path(REPOSITORY / "adapters").glob("*/declaration.py")}
    folders |= {"typesetter"}
    assert names() == declarations().keys() | folders
