"""For all tests: the mark `needs(tool)`, and no skips at all under CI=true."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from typing import Any

import pytest

_MISSING = "needs "


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if shutil.which(tool) is None:
                pytest.skip(f"{_MISSING}{tool}, which CI installs")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _is_ci():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, but CI must run every test: {report.longreprtext}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(_MISSING in report.longreprtext for report in skipped)
    if count:
        terminalreporter.write_line(f"skipped for want of a tool that only CI installs: {count}")
