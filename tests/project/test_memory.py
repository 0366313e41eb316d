"""The shared stack of a run lies in memory where there is enough, and gives it back."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.support import memory


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "memory"
    found.mkdir()
    monkeypatch.setattr(memory, "_PLACE", found)
    return found


def have(monkeypatch: pytest.MonkeyPatch, *, disk: int, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=disk))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))


def test_what_was_there_is_gone_and_of_what_comes_only_that_is_left_which_is_kept(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, disk=8 << 30, free=8 << 30)
    home = tmp_path / "var" / "test"
    for _ in range(2):  # the second finds what a run that was killed left
        assert memory.lead_into(home)
        assert list(home.iterdir()) == []
        assert home.resolve().parent == place
        assert home.resolve().stat().st_mode & 0o066 == 0
        for name in ("data", "log"):
            (home / name).mkdir()
            (home / name / "file").write_text("x", "utf-8")
    memory.give_back(home, keep="log")
    assert [str(path.relative_to(home)) for path in sorted(home.rglob("*"))] == ["log", "log/file"]
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(("disk", "free"), [(1 << 30, 8 << 30), (8 << 30, 1 << 30)])
def test_without_enough_memory_it_lies_on_the_disk(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: int, free: int
) -> None:
    have(monkeypatch, disk=disk, free=free)
    home = tmp_path / "test"
    (home / "log").mkdir(parents=True)
    assert not memory.lead_into(home)
    assert home.resolve() == home
    assert list(home.iterdir()) == []
    assert list(place.iterdir()) == []


def test_somebody_elses_folder_of_that_name_is_not_used(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, disk=8 << 30, free=8 << 30)
    home = tmp_path / "test"
    assert memory.lead_into(home)
    taken = home.resolve()
    home.unlink()
    monkeypatch.setattr(shutil, "rmtree", lambda *_args, **_more: None)  # as one may not delete it
    (taken / "theirs").touch()
    with pytest.raises(FileExistsError):
        memory.lead_into(home)
