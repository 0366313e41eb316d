"""Test support: the command line as an operator types it, and the settings of a store of a test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from pydantic import SecretStr

from hub.settings import KafkaSettings, PostgresSettings, RetentionSettings, Settings
from tests.support.forked import Forked
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually

_LIMIT_S = 60.0
SURE = ("--reason", "a test", "--yes")
"""Where nobody can be asked, a command that cannot be taken back wants both."""


async def hub_command(
    environment: Mapping[str, str], *arguments: str, python: str = sys.executable
) -> tuple[int, str]:
    """Run `hub ...` with these settings and no others; exit status and everything that it printed."""
    only = {**environment, "PATH": "/usr/bin:/bin", "COLUMNS": "250"}
    with TemporaryFile() as output:
        process = _started(python, arguments, only, output)
        await eventually(lambda: process.poll() is not None, _LIMIT_S, f"hub {' '.join(arguments)}")
        status = process.poll()
        assert status is not None
        output.seek(0)
        return status, output.read().decode()


def _started(
    python: str, arguments: Sequence[str], environment: Mapping[str, str], output: BinaryIO
) -> Forked | subprocess.Popen[bytes]:
    if python == sys.executable:
        return Forked("hub.cli.main", arguments, environment, output)
    command = [python, "-m", "hub.cli.main", *arguments]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)


async def module_output(
    module: str, environment: Mapping[str, str], *arguments: str
) -> tuple[int, bytes, bytes]:
    """Run `python -m module` with these settings besides our own; exit status, standard output and errors."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = Forked(module, arguments, {**os.environ, **environment}, output, errors)
        await eventually(lambda: process.poll() is not None, _LIMIT_S, f"{module} {' '.join(arguments)}")
        status = process.poll()
        assert status is not None
        output.seek(0)
        errors.seek(0)
        return status, output.read(), errors.read()


def store_settings(dsn: str, **retention: float) -> Settings:
    """Settings of what needs the store only; the broker is never reached."""
    return Settings(
        master_key_file=Path("no-key"),
        shards=4,
        kafka=KafkaSettings(bootstrap="127.0.0.1:1", user="nobody", password=SecretStr("x")),
        postgres=PostgresSettings(dsn=SecretStr(dsn)),
        retention=RetentionSettings.model_validate({"every_s": 0.01} | retention),
    )


def store_environment(dsn: str) -> dict[str, str]:
    """As `store_settings`, for a command."""
    return {
        "HUB_MASTER_KEY_FILE": "no-key",
        "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "HUB_KAFKA__USER": "nobody",
        "HUB_KAFKA__PASSWORD": "x",
        "HUB_POSTGRES__DSN": dsn,
    }
