"""What fails in CI runs once more only where the run itself went well and few failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.failed_few import MOST, refusal


def cache(folder: Path, status: int, failed: int) -> Path:
    for name, content in (
        ("house/status", status),
        (
            "cache/lastfailed",
            {f"tests/x{number}.py::test_{each}": True for number in range(failed) for each in range(9)},
        ),
    ):
        (folder / "v" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "v" / name).write_text(json.dumps(content))
    return folder


def test_a_few_may_run_once_more(tmp_path: Path) -> None:
    assert refusal(cache(tmp_path, 1, MOST)) is None


@pytest.mark.parametrize(("status", "failed"), [(1, MOST + 1), (2, 1), (3, 1), (4, 0), (5, 0)])
def test_many_or_a_run_that_broke_off_may_not(tmp_path: Path, status: int, failed: int) -> None:
    assert refusal(cache(tmp_path, status, failed))


def test_a_run_that_left_nothing_behind_may_not(tmp_path: Path) -> None:
    assert "did not come to its end" in (refusal(tmp_path) or "")
