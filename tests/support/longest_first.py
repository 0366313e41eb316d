"""Test support: files of tests in the order in which they are given to the workers, the longest first."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]
RECORD = _TESTS / "durations.txt"
"""Seconds of set-up, tests and clean-up by file, and for its long tests apart; written on request only."""
_LEAST_S = 3
_FOLDERS = ("scenario", "controls", "integration", "contract", "project", "property", "unit")
"""The order of files that are not in the record: what ends a run are short files."""


def recorded(text: str) -> dict[str, int]:
    """Seconds by file, as `of` names it."""
    lines = (line.split(" ", 1) for line in text.splitlines())
    return {name: int(seconds) for seconds, name in lines}


def of(path: Path, *, is_long: bool) -> str:
    """What the record calls a file, or the long tests in it."""
    return f"{path.relative_to(_TESTS.parent)}{' long' if is_long else ''}"


def sort(items: list[pytest.Item]) -> None:
    """The tests of a file stay together and in their order."""
    seconds = recorded(RECORD.read_text("utf-8"))
    ranks = {_TESTS / folder: number for number, folder in enumerate(_FOLDERS)}

    @cache
    def key(path: Path, is_long: bool) -> tuple[int, int, str]:
        name = of(path, is_long=is_long)
        rank = min((ranks[parent] for parent in path.parents if parent in ranks), default=len(ranks))
        return -seconds.get(name, 0), rank, name

    items.sort(key=lambda item: key(item.path, item.get_closest_marker("long") is not None))


class Recorder:
    """Takes down what each file of a run took; files that the run left out keep what they have."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and clean-up of one test, of whichever worker."""
        path = _TESTS.parent / report.nodeid.split("::", 1)[0]
        self._seconds[of(path, is_long="long" in report.keywords)] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write the record."""
        found = recorded(RECORD.read_text("utf-8")) | {k: round(s) for k, s in self._seconds.items()}
        kept = {name: s for name, s in found.items() if s >= _LEAST_S and _is_there(name)}
        lines = (f"{seconds} {name}\n" for name, seconds in sorted(kept.items(), key=lambda e: (-e[1], e[0])))
        RECORD.write_text("".join(lines), "utf-8")


def _is_there(name: str) -> bool:
    return (_TESTS.parent / name.removesuffix(" long")).exists()
