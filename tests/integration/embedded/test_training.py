"""The broker's classes are kept once, and a broker that has them starts on them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from hub.embedded import stack as embedded
from hub.embedded.jars import ensure_jars
from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders, load_state
from hub.embedded.training import train
from tests.support.breakable import breakable_stack
from tests.support.stack import JARS


def linked_jars(folder: Path) -> list[Path]:
    """The jars in a cache of the test's own."""
    folder.mkdir(parents=True)
    for jar in JARS.glob("*.jar"):
        (folder / jar.name).hardlink_to(jar)
    return ensure_jars(folder, print)


def files_of_broker(home: Path) -> set[str]:
    """What the broker has mapped into its memory."""
    state = load_state(Folders.of(home))
    assert state is not None
    assert state.kafka is not None
    return {entry.path for entry in psutil.Process(state.kafka.pid).memory_maps()}


@pytest.mark.long
def test_the_first_start_keeps_the_classes_and_a_later_one_uses_them(
    stack: StackAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = linked_jars(tmp_path / "cache" / "kafka" / "jars")
    archive = train(jars)
    assert archive is not None
    assert archive.stat().st_size > 10_000_000
    written = archive.stat().st_mtime_ns
    assert train(jars) == archive
    assert archive.stat().st_mtime_ns == written
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    with breakable_stack(tmp_path / "fits") as (home, _):
        assert str(archive) in files_of_broker(home)
    archive.write_bytes(b"not what Java has written")
    with breakable_stack(tmp_path / "damaged") as (home, _):
        assert {server.state for server in embedded.status(home)} == {"ready"}
        assert str(archive) not in files_of_broker(home)
