"""`hub embedded env`: what a newcomer evaluates in a shell is enough for the hub's own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.support.stack import REPOSITORY, shared_home

_PRINTED = (
    "HUB_ENVIRONMENT",
    "HUB_KAFKA__BOOTSTRAP",
    "HUB_KAFKA__PARTICIPANTS_BOOTSTRAP",
    "HUB_KAFKA__PASSWORD",
    "HUB_KAFKA__USER",
    "HUB_MASTER_KEY_FILE",
    "HUB_POSTGRES__DSN",
)


def embedded_env(home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub.cli.main", "embedded", "env", "--home", str(home)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


def test_a_shell_that_evaluates_the_lines_can_read_the_settings_of_the_running_stack(
    stack: StackAddress,
) -> None:
    printed = embedded_env(shared_home())
    assert printed.returncode == 0, printed.stderr
    without_ours = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    script = f'{printed.stdout}\n"$0" -c "from hub.settings import read_settings; read_settings()" && env'
    shell = subprocess.run(
        ["sh", "-ec", script, sys.executable],
        cwd=REPOSITORY, env=without_ours, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert shell.returncode == 0, shell.stderr
    seen = dict(line.split("=", 1) for line in shell.stdout.splitlines() if line.startswith("HUB_"))
    assert sorted(seen) == sorted(_PRINTED)
    assert seen["HUB_KAFKA__BOOTSTRAP"] == stack.kafka_hub_bootstrap
    assert seen["HUB_KAFKA__PARTICIPANTS_BOOTSTRAP"] == stack.kafka_bootstrap
    assert seen["HUB_KAFKA__PASSWORD"] == stack.kafka_admin_password
    assert seen["HUB_POSTGRES__DSN"] == stack.postgres_dsn


def test_a_stack_that_does_not_run_is_named_in_one_line_and_not_started(tmp_path: Path) -> None:
    printed = embedded_env(tmp_path / "home")
    assert printed.returncode == 2
    assert printed.stdout == ""
    assert printed.stderr.count("\n") == 1
    assert "hub embedded up" in printed.stderr
    assert not (tmp_path / "home" / "embedded.json").exists()
