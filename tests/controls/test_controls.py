"""Each negative control still breaks the present code; the full run is `python -m tests.controls`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.controls.catalogue import CONTROLS, PATCHES, Control, PatchError, apply, copy_checkout
from tests.support.stack import REPOSITORY


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("controls"))


@pytest.fixture(params=CONTROLS, ids=lambda control: control.name)
def control(request: pytest.FixtureRequest) -> Control:
    chosen: Control = request.param
    return chosen


def changed_files(control: Control) -> list[str]:
    lines = control.patch.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("+++ b/") for line in lines if line.startswith("+++ ")]


def test_a_control_applies_to_the_present_code_and_leaves_code_that_can_be_read(
    control: Control, pristine: Path, tmp_path: Path
) -> None:
    before: dict[str, str] = {}
    for name in changed_files(control):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        before[name] = (pristine / name).read_text(encoding="utf-8")
        target.write_text(before[name], encoding="utf-8")
    apply(control, tmp_path)
    for name, text in before.items():
        after = (tmp_path / name).read_text(encoding="utf-8")
        assert after != text
        if name.endswith(".py"):
            ast.parse(after)


def test_a_control_changes_the_function_that_is_in_force(control: Control) -> None:
    migrations = sorted((REPOSITORY / "hub/postgres/migrations").glob("*.sql"))
    for function in ("write_batch", "read_batch"):
        made = [file.name for file in migrations if f"create function {function}(" in file.read_text("utf-8")]
        for name in map(Path, changed_files(control)):
            assert name.name not in made[:-1]


def test_a_patch_that_does_not_fit_any_more_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "relay.py").write_text("nothing of what was there\n", encoding="utf-8")
    with pytest.raises(PatchError, match=r"no_shard_lock\.patch does not apply"):
        apply(next(control for control in CONTROLS if control.name == "no_shard_lock"), tmp_path)


def test_every_patch_in_the_folder_belongs_to_a_control() -> None:
    assert {path.stem for path in PATCHES.glob("*.patch")} == {control.name for control in CONTROLS}
