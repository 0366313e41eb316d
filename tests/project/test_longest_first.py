"""The order of the files of tests: the longest first, as the record has it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.support import longest_first
from tests.support.stack import REPOSITORY

_SCENARIO, _UNIT = "tests/scenario/test_demo.py", "tests/unit/test_identifiers.py"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "durations.txt"
    path.write_text(f"50 {_UNIT}\n400 {_UNIT} long\n9 tests/unit/test_gone.py\n", "utf-8")
    monkeypatch.setattr(longest_first, "RECORD", path)
    return path


def item(path: str, *, is_long: bool = False) -> pytest.Item:
    mark = object() if is_long else None
    return cast("pytest.Item", SimpleNamespace(path=REPOSITORY / path, get_closest_marker=lambda _: mark))


def report(path: str, seconds: float, *marks: str) -> pytest.TestReport:
    found = SimpleNamespace(nodeid=f"{path}::test_x", duration=seconds, keywords=dict.fromkeys(marks, 1))
    return cast("pytest.TestReport", found)


@pytest.mark.usefixtures("record")
def test_a_file_that_took_long_goes_before_files_of_slow_folders() -> None:
    items = [item(_SCENARIO), item(_UNIT), item(_UNIT, is_long=True), item(_SCENARIO, is_long=True)]
    first, second, third, fourth = items
    longest_first.sort(items)
    assert items == [third, second, first, fourth]


def test_a_run_writes_what_it_saw_and_leaves_the_rest(record: Path) -> None:
    recorder = longest_first.Recorder()
    for seconds in (3.4, 4.0):
        recorder.pytest_runtest_logreport(report(_SCENARIO, seconds))
    recorder.pytest_runtest_logreport(report(_UNIT, 1.0))
    recorder.pytest_sessionfinish()
    assert record.read_text("utf-8") == f"400 {_UNIT} long\n7 {_SCENARIO}\n"


def test_the_record_names_files_that_exist() -> None:
    names = longest_first.recorded((REPOSITORY / "tests" / "durations.txt").read_text("utf-8"))
    assert [name for name in names if not (REPOSITORY / name.removesuffix(" long")).is_file()] == []
