"""The checks of the repository find what they are there for, and nothing else."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tools import forbidden_text, local_hub, locks, size_bounds
from tools.generated_page import write_or_check
from tools.size_bounds import Size

REPOSITORY = Path(__file__).parents[2]
HASH = "    --hash=sha256:" + "0a" * 32


def function(name: str, lines: int) -> str:
    return f"def {name}() -> None:\n" + "    pass\n" * (lines - 1)


def test_sizes_name_the_file_and_the_function_that_are_too_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "long.py").write_text("x = 1\n" * 401, "utf-8")
    (tmp_path / "hub" / "deep.py").write_text(function("short", 60) + function("tall", 61), "utf-8")
    assert size_bounds.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "hub/long.py: 401 lines, at most 400" in lines
    assert "hub/deep.py:61 tall: 61 lines, at most 60" in lines
    assert not [line for line in lines if line.startswith("hub/deep.py:1 short")]


def test_sizes_pass_at_the_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "adapters").mkdir()
    for number in range(9):
        (tmp_path / "adapters" / f"a{number}.py").write_text(function("f", 30) + "x = 1\n" * 220, "utf-8")
    (tmp_path / "adapters" / "b.py").write_text(function("f", 60) + "x = 1\n" * 340, "utf-8")
    assert size_bounds.main([str(tmp_path)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == "sizes: 10 files (p90 250), 10 functions (p90 30)\n"


def test_nine_of_ten_files_have_to_be_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schemas").mkdir()
    for number in range(10):
        text = "x = 1\n" * (251 if number < 2 else 10)
        (tmp_path / "schemas" / f"a{number}.py").write_text(text, "utf-8")
    assert size_bounds.main([str(tmp_path)]) == 1
    assert "files: nine of ten have up to 251 lines, wanted are 250" in capsys.readouterr().err


def test_a_method_and_a_nested_function_count_and_decorators_do_not() -> None:
    text = (
        "class A:\n    @x\n    @y\n    def f(self):\n        def g():\n            pass\n        return g\n"
    )
    assert set(size_bounds.function_sizes(text, "a.py")) == {Size(4, "a.py:4 f"), Size(2, "a.py:5 g")}


@pytest.mark.parametrize(
    "text",
    [
        "see https://" + "pypi" + ".org/simple",
        "index = https://repo1.mav" + "en.org/maven2",
        "/wor" + "k/main/x.py",
        "registry=https://registry.npm" + "js.org/",
        "open('/ro" + "ot/.cache')",
        "PIP_FIND_LINKS=/opt/" + "wheels",
    ],
)
def test_registries_and_paths_of_one_machine_are_found(text: str) -> None:
    assert [number for number, _ in forbidden_text.findings(f"fine\n{text}\n")] == [2]


@pytest.mark.parametrize(
    "text", ["kafka.tools.StorageTool", "/var/lib/kafka/data", "framework/main", "a.org/x"]
)
def test_other_addresses_and_paths_are_fine(text: str) -> None:
    assert list(forbidden_text.findings(text)) == []


def test_only_what_git_would_take_is_looked_at(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("ignored\n", "utf-8")
    for name in ("ignored", "new.txt"):
        (tmp_path / name).write_text("x", "utf-8")
    assert [path.name for path in forbidden_text.files(tmp_path)] == [".gitignore", "new.txt"]


def test_without_git_data_and_caches_are_left_out(tmp_path: Path) -> None:
    for name in ("var/log/x.log", ".venv/lib/y.py", "hub/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    assert [path.name for path in forbidden_text.files(tmp_path)] == ["a.py"]


def test_a_lock_of_pins_and_hashes_is_fine() -> None:
    first = f"a==1.0 \\\n{HASH} \\\n{HASH}\n    # via\n    #   b\n"
    text = f"{first}b-c==2 ; os_name == 'nt' \\\n{HASH}\n    # via a\n"
    assert list(locks.line_faults(text)) == []
    assert locks.pins(text) == {"a": ["1.0"], "b-c": ["2"]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            f"--index-url https://example.test/simple\na==1 \\\n{HASH}\n",
            "1: neither pin nor hash: --index-url",
        ),
        (f"a @ https://example.test/a.whl \\\n{HASH}\n", "1: neither pin nor hash: a @ https"),
        (f"a==1 \\\nb==2 \\\n{HASH}\n", "1: no hash for a==1"),
        ("a==1 \\\n    --hash=md5:00\n", "2: neither pin nor hash:     --hash=md5"),
        (f"b==1 \\\n{HASH}\na==1 \\\n", "3: no hash for a==1"),
    ],
)
def test_an_index_a_url_and_a_pin_without_hash_are_found(text: str, fault: str) -> None:
    assert next(iter(locks.line_faults(text))).startswith(fault)


def test_a_requirement_that_the_lock_does_not_meet_is_named() -> None:
    pinned = {"a-b": ["1.5"], "c": ["1.0", "3.0"]}
    wanted = ["A_b>=1,<2", "c>=2", "d", "a.b[extra]>=2"]
    assert list(locks.requirement_faults(wanted, pinned)) == [
        "c>=2 is pinned to 1.0",
        "d is not pinned",
        "a.b[extra]>=2 is pinned to 1.5",
    ]


def test_each_declared_dependency_is_explained() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    declared = [*project["project"]["dependencies"], *(item for group in groups.values() for item in group)]
    names = {re.split(r"[\[<>=]", item)[0] for item in declared}
    page = (REPOSITORY / "docs/dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", page, re.MULTILINE)
    assert {name for name, _ in rows} - {"tests/integration/project/compose_spec/compose-spec.json"} == names
    assert all(len([cell for cell in row.split("|") if cell.strip()]) >= 3 for _, row in rows)


def test_the_makefile_lists_its_targets() -> None:
    done = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    assert {
        "setup",
        "demo",
        "test",
        "ledger",
        "controls",
        "check",
        "bench",
        "up",
        "down",
        "docs",
        "clean",
    } <= listed


def test_an_old_python_is_one_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python-of-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n', "utf-8")
    old.chmod(0o755)
    command = [
        "make",
        "--no-print-directory",
        f"PYTHON={old}",
        f"VENV={tmp_path}/venv",
        f"{tmp_path}/venv/pyvenv.cfg",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    line = done.stderr.splitlines()[0]
    assert line == "setup: Python 3.9.2 is too old: Python 3.11 or later is needed (make PYTHON=python3.12)"
    assert not (tmp_path / "venv").exists()


def test_a_wrong_argument_is_answered_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert local_hub.main(["sideways"]) == 2
    assert write_or_check(Path("nowhere.md"), "tools.x", "", ["--wrong"]) == 2
    lines = ["usage: python -m tools.local_hub up|down", "usage: python -m tools.x [--check]"]
    assert capsys.readouterr().err.splitlines() == lines
