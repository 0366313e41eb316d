"""`hub adapter new`: what it writes keeps to the contract of all adapters, as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.stack import REPOSITORY

pytestmark = pytest.mark.long


def hub(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "-m", "hub.cli.main", *arguments)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "MYPYPATH": f"{REPOSITORY}:tests"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )


def test_what_it_writes_passes_the_contract_suite_and_the_checks_of_style(tmp_path: Path) -> None:
    done = hub(tmp_path, "adapter", "new", "land-office")
    assert done.returncode == 0, done.stdout
    folder = tmp_path / "land-office"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parts = ("adapter", "client", "mapping", "settings", "sandbox", "declaration")
    assert {f"land_office/{part}.py" for part in parts} <= written
    assert {"README.md", "pyproject.toml", "tests/world.py"} <= written
    assert [line.rpartition("land-office/")[2] for line in done.stdout.splitlines()] == sorted(written)

    suite = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert suite.returncode == 0, suite.stdout
    assert "21 passed" in suite.stdout
    for command in (("check",), ("format", "--check")):
        style = python(folder, "-m", "ruff", *command, "--no-cache", ".")
        assert style.returncode == 0, style.stdout


def test_what_it_writes_holds_strict_types(tmp_path: Path) -> None:
    assert hub(tmp_path, "adapter", "new", "land-office").returncode == 0
    folder = tmp_path / "land-office"
    types = python(folder, "-m", "mypy", "--follow-imports=silent", "land_office", "tests")
    assert types.returncode == 0, types.stdout


def test_its_entry_point_names_a_declaration_that_can_be_made(tmp_path: Path) -> None:
    assert hub(tmp_path, "adapter", "new", "land-office").returncode == 0
    project = tomllib.loads((tmp_path / "land-office" / "pyproject.toml").read_text("utf-8"))
    points = project["project"]["entry-points"]["hub.adapters"]
    assert points == {"land-office": "land_office.declaration:DECLARATION"}
    said = python(
        tmp_path / "land-office",
        "-c",
        "from land_office.declaration import DECLARATION as d; print(d.name, d.role, d.settings_prefix)",
    )
    assert said.stdout == "land-office agency HUB_LAND_OFFICE_\n"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Land", "small letters, digits and single hyphens"),
        ("land--office", "small letters, digits and single hyphens"),
        ("../land", "small letters, digits and single hyphens"),
        ("l" * 41, "small letters, digits and single hyphens"),
        ("postal", "an adapter postal is installed already"),
        ("schemas", "a Python package schemas is there already"),
        ("there", "there is there already"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "there").mkdir()
    done = hub(tmp_path, "adapter", "new", name)
    assert done.returncode == 2
    assert why in done.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
