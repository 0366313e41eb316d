"""The units of `deploy/systemd`: what they start exists, and systemd reads them as they are meant."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.settings_table import page as settings_page

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))


def lines(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_role_that_exists_with_settings_that_exist(unit: Path) -> None:
    (command,) = lines(unit, "ExecStart")
    assert command.startswith("/opt/hub/bin/hub run ")
    assert command.split()[2] in {"engine", "gateway", "public", "adapter"}
    for variable in re.findall(r"\bHUB_[A-Z_]+", unit.read_text("utf-8")):
        assert f"`{variable}`" in settings_page(), variable
    assert lines(unit, "User") == ["hub"]
    assert int(lines(unit, "TimeoutStopSec")[0]) >= 20


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8").replace("/opt/hub/bin/hub", "/bin/true")
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
