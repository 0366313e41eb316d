"""For all tests: the mark `needs(tool)`, no skips under CI=true, the order of files, one stack for a run."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from hub.embedded.stack import StackAddress
from tests.support import longest_first
from tests.support.stack import shared_stack


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


settings.register_profile(
    "house",
    deadline=None,  # how long an example takes says how busy the machine is
    suppress_health_check=[HealthCheck.too_slow],  # and so does how long it takes to make one
    derandomize=_is_ci(),  # CI says what a change does; new examples are looked for by developers
)
settings.load_profile("house")
_MISSING = "needs "
_STACK = pytest.StashKey[Iterator[StackAddress]]()


def pytest_configure(config: pytest.Config) -> None:
    """Most brokers of a run live for seconds: Java's second compiler would cost more than it saves.

    What is collected stays, so that nothing is looked for among it meanwhile.
    """
    gc.disable()
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(longest_first.Recorder())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="write into tests/durations.txt what each file took"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first.sort(items)


def pytest_collection_finish() -> None:
    """What is there now stays to the end: the collector need not look through it again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    """The process that gives work to others (`-n`) starts the shared stack and stops it when all are done."""
    config = session.config
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        running = shared_stack()
        next(running)
        config.stash[_STACK] = running


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        cache.set("house/status", int(exitstatus))  # read by `tools.failed_few`
    for _ in session.config.stash.get(_STACK, iter(())):
        pass


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


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """A command that a test runs in its own process changes it; the next test begins as this one did."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
