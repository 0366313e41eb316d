"""A process of the hub that begins as a copy is a process of its own, as one that begins anew."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.forked import Forked
from tests.support.hub_commands import module_output, store_environment
from tests.support.waiting import eventually


def started(folder: Path, *arguments: str, **environment: str) -> Forked:
    with (folder / "log").open("ab") as log:
        return Forked("hub.cli.main", arguments, {**os.environ, **environment}, log)


async def ended(process: Forked) -> int:
    await eventually(lambda: process.poll() is not None, 30, "it to end")
    status = process.poll()
    assert status is not None
    return status


async def test_it_ends_with_its_own_status_and_words(tmp_path: Path) -> None:
    nameless, helped = started(tmp_path, "run", "nobody"), started(tmp_path, "--help", COLUMNS="200")
    assert (await ended(nameless), await ended(helped)) == (2, 0)
    said = (tmp_path / "log").read_text("utf-8")
    assert "hub: no role nobody; roles: engine, gateway" in said
    assert "Integration hub of a public one-stop shop" in said


async def test_its_environment_is_what_it_was_given_and_no_more(tmp_path: Path) -> None:
    os.environ["HUB_SHARDS"] = "0"
    try:
        wrong = started(tmp_path, "run", "engine")
    finally:
        del os.environ["HUB_SHARDS"]
    right = started(tmp_path, "run", "engine")
    assert (await ended(wrong), await ended(right)) == (2, 2)
    assert (tmp_path / "log").read_text("utf-8").count("HUB_SHARDS") == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_signal_ends_it_and_its_id_stays_taken_until_that_is_known(
    tmp_path: Path, number: signal.Signals
) -> None:
    with waiting(tmp_path) as process:
        os.kill(process.pid, number)
        await eventually(lambda: state(process.pid) == "Z", 30, "it to die")
        os.kill(process.pid, signal.SIGKILL)
        assert await ended(process) == -number
        await eventually(lambda: not Path(f"/proc/{process.pid}").exists(), 30, "its id to be free")


async def test_what_is_started_later_holds_nothing_of_what_runs(tmp_path: Path) -> None:
    with waiting(tmp_path) as first, waiting(tmp_path) as second:
        await eventually(lambda: not any("pidfd" in name for name in files_of(second)), 30, "it to let go")
        for process in (first, second):
            os.kill(process.pid, signal.SIGSTOP)
            await eventually(lambda pid=process.pid: state(pid) == "T", 30, "it to stop")  # type: ignore[misc]
        assert not any("pidfd" in name for name in files_of(second)), files_of(second)
        for process in (first, second):
            os.kill(process.pid, signal.SIGKILL)
            assert await ended(process) == -signal.SIGKILL


@contextmanager
def waiting(folder: Path) -> Iterator[Forked]:
    """A command that waits for a database that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://hub:x@127.0.0.1:{silent.getsockname()[1]}/hub"
        yield started(folder, "deliveries", "list", **store_environment(dsn))


def files_of(process: Forked) -> set[str]:
    return {str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()}


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(") ", 1)[1][0]


async def test_its_errors_are_told_apart_from_what_it_says() -> None:
    status, output, errors = await module_output("hub.cli.main", {}, "run", "nobody")
    assert (status, output) == (2, b"")
    assert errors.startswith(b"hub: no role nobody; roles: engine, gateway")
